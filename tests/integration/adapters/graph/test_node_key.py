"""Neo4j makes the same keys as Python."""

from itertools import product

import neo4j

from workers.adapters.graph.reader import Neo4jReader
from workers.config.settings import Neo4jSettings
from workers.core.node_key import cypher_version_id, version_id
from workers.core.reference import Query

NAMES = ("gpt-4o", "a@1", "1@2", "%", "%40", "a%4@%25@", "ä@\U0001f600")


async def test_versions_have_the_keys_that_the_workers_write(
    driver: neo4j.AsyncDriver, settings: Neo4jSettings
) -> None:
    pairs = [list(pair) for pair in product(NAMES, NAMES)]
    made = f"UNWIND $pairs AS pair RETURN {cypher_version_id('pair[0]', 'pair[1]')} AS key"
    found = await Neo4jReader(driver, settings.database).ask(Query(made, {"pairs": pairs}))
    assert [row["key"] for row in found] == [version_id(*pair) for pair in pairs]
