"""Writes a history into the graph in the registry worker's shape."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import neo4j

from tests.model.naive_registry_join import Row, price_id

MODEL = """
MERGE (m:Model {model_id: $model_id})
SET m.stub = false, m.provider = $provider, m.aliases = $aliases, m.sync_timestamp = datetime()
WITH m UNWIND $rows AS row
MERGE (p:Price {price_id: row.price_id})
SET p.model_id = $model_id, p.version = row.version, p.context_window = row.window,
  p.effective_from = datetime({epochMillis: row.since}),
  p.effective_to = CASE WHEN row.until IS NOT NULL THEN datetime({epochMillis: row.until}) END,
  p.input = row.prices[0], p.output = row.prices[1], p.cached_input = row.prices[2], p.reasoning = row.prices[3]
MERGE (m)-[:HAS_PRICE]->(p)
WITH m, row WHERE row.version IS NOT NULL
MERGE (v:ModelVersion {version_id: $model_id + '@' + row.version})
  ON CREATE SET v.model_id = $model_id, v.version = row.version
MERGE (m)-[:HAS_VERSION]->(v)
"""
CLEAR = """
MATCH (n:Invocation|Model|ModelVersion|Price|Error|PerformanceMetric)
WHERE n.trace_id STARTS WITH $name OR n.model_id ENDS WITH $name
DETACH DELETE n
"""


async def write_history(driver: neo4j.AsyncDriver, database: str, rows: Sequence[Row]) -> None:
    """Write these rows, all that is known of their models so far, in the order of time."""
    for model_id, held in groupby(sorted(rows, key=attrgetter("model_id", "since")), key=attrgetter("model_id")):
        known = list(held)
        ends = [later.since for later in known[1:]] + [known[-1].until]
        shown = [
            {**vars(row), "until": until, "price_id": price_id(row)} for row, until in zip(known, ends, strict=True)
        ]
        about = {"model_id": model_id, "provider": known[0].provider, "aliases": list(known[0].aliases)}
        await driver.execute_query(MODEL, {**about, "rows": shown}, database_=database)


async def clear(driver: neo4j.AsyncDriver, database: str, name: str) -> None:
    """Remove what a test has written under ``name``."""
    await driver.execute_query(CLEAR, name=name, database_=database)
