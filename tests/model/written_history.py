"""Write a history into the graph with the registry worker's own statements."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import neo4j

from tests.model.keys import version_key
from tests.model.naive_registry_join import Row, price_id
from workers.core.statement import Statement
from workers.pipelines.registry.write.rows import ModelStubWrite, ModelWrite, PriceWrite, VersionNodeWrite
from workers.pipelines.registry.write.statements import MODEL_STUBS, MODELS, PRICES, VERSION_NODES

CLEAR = """
MATCH (n:Invocation|Model|ModelVersion|Price|Error|PerformanceMetric)
WHERE n.trace_id STARTS WITH $name OR n.model_id ENDS WITH $name
DETACH DELETE n
"""


def history_statements(rows: Sequence[Row]) -> list[Statement]:
    """Return the statements that write these rows, with all rows of their models."""
    statements = []
    for model_id, held in groupby(sorted(rows, key=attrgetter("model_id", "since")), key=attrgetter("model_id")):
        known = list(held)
        versions = {row.version for row in known if row.version is not None}
        ends = [later.since for later in known[1:]] + [known[-1].until]
        statements += [
            MODEL_STUBS.on([ModelStubWrite(model_id)]),
            MODELS.on([_model(known[-1])]),
            VERSION_NODES.on(
                [VersionNodeWrite(version_key(model_id, version), model_id, version) for version in versions]
            ),
            PRICES.on(_price(row, until) for row, until in zip(known, ends, strict=True)),
        ]
    return statements


async def write_history(driver: neo4j.AsyncDriver, database: str, rows: Sequence[Row]) -> None:
    """Write these rows, which are all of their models so far."""
    async with driver.session(database=database) as session, await session.begin_transaction() as work:
        for statement in history_statements(rows):
            await work.run(statement.cypher, {"rows": statement.rows})


async def clear(driver: neo4j.AsyncDriver, database: str, name: str) -> None:
    """Delete what a test has written under ``name``."""
    await driver.execute_query(CLEAR, name=name, database_=database)


def _model(row: Row) -> ModelWrite:
    nothing = dict.fromkeys(ModelWrite._fields)
    about = {
        "model_id": row.model_id,
        "provider": row.provider,
        "aliases": list(row.aliases),
        "alias_history": None,
        "history": [],
    }
    return ModelWrite(**{**nothing, **about, "effective_from": row.since, "metadata_sent": False})  # type: ignore[arg-type]


def _price(row: Row, until: int | None) -> PriceWrite:
    kept = {name: price for name, price in row.priced().items() if price is not None}
    return PriceWrite(price_id(row), row.model_id, row.version, row.window, row.since, until, **kept)
