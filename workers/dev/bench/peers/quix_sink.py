# noqa: INP001 - no part of the package: it runs in a virtual environment of its own, which has Quix Streams
"""Quix Streams' Neo4j sink as in its documentation, with the plain loop's query.

Checkpoints of 1,000 records give transactions as large as those of the other contestants. At least once.
"""

import os
from urllib.parse import urlsplit

from quixstreams import Application  # type: ignore[import-not-found]  # in an environment of its own
from quixstreams.models.serializers.avro import AvroDeserializer  # type: ignore[import-not-found]  # same reason as above
from quixstreams.models.serializers.schema_registry import (  # type: ignore[import-not-found]  # same reason as above
    SchemaRegistryClientConfig,
)
from quixstreams.sinks.community.neo4j import Neo4jSink  # type: ignore[import-not-found]  # same reason as above

ROWS = 1_000
QUERY = """
MERGE (i:Invocation {key: event.trace_id + '/' + event.span_id})
SET i.id = event.event_id, i.trace_id = event.trace_id, i.span_id = event.span_id,
    i.parent_span_id = event.parent_span_id, i.session_id = event.session_id, i.user_id = event.user_id,
    i.model_id = event.model_id, i.provider = event.provider, i.model_version = event.model_version,
    i.timestamp = datetime({epochMillis: event.timestamp}), i.status = event.status,
    i.token_count = event.token_count, i.latency_ms = event.latency_ms,
    i.prompt_tokens = event.prompt_tokens, i.completion_tokens = event.completion_tokens
MERGE (m:Model {model_id: event.model_id})
MERGE (i)-[:USES_MODEL]->(m)
"""


def main() -> None:
    """Run until SIGTERM."""
    graph = urlsplit(os.environ["NEO4J_URI"])
    registry = SchemaRegistryClientConfig(url=os.environ["SCHEMA_REGISTRY_URL"])
    app = Application(
        broker_address=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        consumer_group=os.environ["BENCH_GROUP"],
        auto_offset_reset="earliest",
        commit_every=ROWS,
        use_changelog_topics=False,
        auto_create_topics=False,
        loglevel="WARNING",
    )
    topic = app.topic(
        os.environ["BENCH_TOPIC"], value_deserializer=AvroDeserializer(schema_registry_client_config=registry)
    )
    sink = Neo4jSink(
        host=graph.hostname,
        port=graph.port,
        username=os.environ["NEO4J_USERNAME"],
        password=os.environ["NEO4J_PASSWORD"],
        cypher_query=QUERY,
    )
    app.dataframe(topic).sink(sink)
    app.run()


if __name__ == "__main__":
    main()
