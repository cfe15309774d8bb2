"""The ceiling: our statements on prepared rows, with one or several writers.

No Kafka, no decoding, no state, no watermark: the database gets both cores. Run as a program:
``python -m workers.dev.bench.ceiling FILE WRITERS``.
"""

import asyncio
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from workers.adapters.graph.driver import open_driver
from workers.config.settings import Settings
from workers.dev.bench.prepared import Batch, load, shares


@lru_cache
def joined(cyphers: Sequence[str]) -> str:
    """Join a batch's statements into one query, as our writer does, without its watermark."""
    parts = [f"CALL () {{\n{cypher.replace('$rows', f'$rows[{place}]')}\n}}" for place, cypher in enumerate(cyphers)]
    return "\n".join(["CYPHER replan=skip", *parts, "RETURN 1 AS done"])


async def write(driver: Any, database: str, batches: Sequence[Batch]) -> None:
    """Write the batches one after another; the driver retries after deadlocks."""
    for batch in batches:
        query = joined(tuple(cypher for cypher, _ in batch.statements))
        rows = {"rows": [rows for _, rows in batch.statements]}
        await driver.execute_query(query, parameters_=rows, database_=database)


async def run(file: Path, writers: int) -> None:
    """Write all batches."""
    settings = Settings.from_environment().neo4j
    dealt = shares(load(file), writers)
    async with open_driver(settings) as driver:
        await asyncio.gather(*(write(driver, settings.database, share) for share in dealt))


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
