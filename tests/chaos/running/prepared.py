"""The preconditions of a scenario: constraints in the graph, and the encoded stream."""

from collections.abc import Sequence

from tests.chaos.checking.history import History
from tests.chaos.running.corner import Corner
from tests.chaos.running.stream import Planned, encoded
from tests.chaos.running.supply import Supply
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate

REFUSING = (
    # The database refuses values that are too large for these indexes: only it can reject such records.
    "CREATE INDEX chaos_error_message IF NOT EXISTS FOR (e:Error) ON (e.message)",
    "CREATE INDEX chaos_audit_reason IF NOT EXISTS FOR (e:AuditEvent) ON (e.reason)",
    "CREATE INDEX chaos_note_text IF NOT EXISTS FOR (n:LedgerNote) ON (n.text)",
    "CREATE CONSTRAINT chaos_note IF NOT EXISTS FOR (n:LedgerNote) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT chaos_page IF NOT EXISTS FOR (p:LedgerPage) REQUIRE p.key IS UNIQUE",
)


async def prepare_graph(corner: Corner) -> None:
    neo4j = corner.settings.neo4j
    async with open_driver(neo4j) as driver:
        await migrate(driver, neo4j.database)
        for statement in REFUSING:
            await driver.execute_query(statement, database_=neo4j.database)


async def supply_of(corner: Corner, stream: Sequence[Planned]) -> tuple[Supply, History]:
    registry = SchemaRegistry(corner.settings.schema_registry)
    encoder = AvroEncoder(registry, load_reader_schemas(corner.folder / "schemas" / corner.worker))
    try:
        values = await encoded(stream, corner.topic, encoder)
    finally:
        await registry.aclose()
    history = History(corner.folder / "history.jsonl")
    return Supply(corner.settings.kafka.bootstrap_servers, corner.topic, stream, values, history), history
