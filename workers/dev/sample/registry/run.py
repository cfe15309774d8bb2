"""The whole of ``memory-graph sample registry``: from changes to rows in PostgreSQL."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from workers.dev.sample.registry.change import Change
from workers.dev.sample.registry.database import open_database
from workers.dev.sample.registry.poison import strew


def write_registry(
    url: str, changes: Iterable[Change], *, rate: float, poison_percent: float, cafile: Path | None = None
) -> dict[str, Any]:
    """Write the changes, with bad ones among them; return the summary for ``-o json``.

    ``cafile``: who signed the database's certificate. Raises ``Misconfigured``, ``Unreachable``.
    """
    sent, poisoned = Counter[str](), Counter[str]()

    def counted() -> Iterator[Change]:
        for change in strew(changes, poison_percent):
            sent[change.kind] += change.poison is None
            poisoned.update([change.poison] if change.poison else [])
            yield change

    async def run() -> Counter[Any]:
        async with open_database(url, cafile) as database:
            return await database.write(counted(), rate=rate)

    started = time.monotonic()
    changed = asyncio.run(run())
    return {
        "changes": sent.total(),
        "changes_by_kind": dict(sent),
        "rows_changed": changed.total(),
        "rows_changed_by_kind": {str(kind): rows for kind, rows in changed.items()},
        "poison_by_kind": dict(poisoned),
        "seconds": time.monotonic() - started,
    }
