# noqa: INP001 - no part of the package: a program of its own, which imports nothing of ours
"""A plain loop: consume 1,000 records, decode, MERGE, commit.

One process over all partitions: confluent-kafka, fastavro, the synchronous driver. It follows good practice:
one decoder per schema, one list of rows per record type in one transaction, a commit after the
write). It keeps no state: no FOLLOWED_BY, no TRIGGERED_BY, no prices, no dead letters, at least once.
"""

import json
import os
import signal
import sys
import urllib.request
from collections import defaultdict
from functools import cache
from io import BytesIO
from typing import Any

import fastavro
import neo4j
from confluent_kafka import Consumer

ROWS = 1_000

QUERIES = {
    "LLMInvocationEvent": """
UNWIND $rows AS row
MERGE (i:Invocation {key: row.trace_id + '/' + row.span_id})
SET i.id = row.event_id, i.trace_id = row.trace_id, i.span_id = row.span_id, i.parent_span_id = row.parent_span_id,
    i.session_id = row.session_id, i.user_id = row.user_id, i.model_id = row.model_id, i.provider = row.provider,
    i.model_version = row.model_version, i.timestamp = datetime({epochMillis: row.timestamp}),
    i.status = CASE row.event_type WHEN 'llm.invocation.start' THEN 'STARTED' ELSE row.status END,
    i.token_count = row.token_count, i.latency_ms = row.latency_ms,
    i.prompt_tokens = row.prompt_tokens, i.completion_tokens = row.completion_tokens
MERGE (m:Model {model_id: row.model_id})
MERGE (i)-[:USES_MODEL]->(m)
FOREACH (_ IN CASE WHEN row.parent_span_id IS NULL THEN [] ELSE [1] END |
  MERGE (p:Invocation {key: row.trace_id + '/' + row.parent_span_id})
  MERGE (i)-[:CHILD_OF]->(p))
""",
    "LLMTokenEvent": """
UNWIND $rows AS row
MERGE (i:Invocation {key: row.trace_id + '/' + row.span_id})
SET i.prompt_tokens = row.prompt_tokens, i.completion_tokens = row.completion_tokens,
    i.cached_tokens = row.cached_tokens, i.reasoning_tokens = row.reasoning_tokens, i.total_tokens = row.total_tokens
""",
    "LLMLatencyEvent": """
UNWIND $rows AS row
MERGE (i:Invocation {key: row.trace_id + '/' + row.span_id})
MERGE (p:PerformanceMetric {id: row.event_id})
SET p.metric_type = row.metric_type, p.value = row.value_ms, p.percentile = row.percentile,
    p.timestamp = datetime({epochMillis: row.timestamp}), p.model_id = row.model_id
MERGE (i)-[:HAS_METRIC]->(p)
""",
    "LLMErrorEvent": """
UNWIND $rows AS row
MERGE (i:Invocation {key: row.trace_id + '/' + row.span_id})
MERGE (e:Error {id: row.event_id})
SET e.error_type = row.error_type, e.message = row.message, e.severity = row.severity, e.caused_by = row.caused_by,
    e.timestamp = datetime({epochMillis: row.timestamp})
MERGE (i)-[:CAUSED_ERROR]->(e)
""",
    "LLMMetricsEvent": """
UNWIND $rows AS row
MERGE (m:Model {model_id: row.model_id})
MERGE (p:PerformanceMetric {id: row.event_id})
SET p.value = row.avg_latency_ms, p.total_invocations = row.total_invocations, p.error_rate = row.error_rate
MERGE (m)-[:HAS_METRIC]->(p)
""",
}


@cache
def schema(schema_id: int) -> Any:
    """Return a writer schema; fetch it once."""
    with urllib.request.urlopen(f"{os.environ['SCHEMA_REGISTRY_URL']}/schemas/ids/{schema_id}") as answer:  # noqa: S310 - the registry's own address
        return fastavro.parse_schema(json.loads(json.load(answer)["schema"]))


def row_of(value: bytes) -> tuple[str, dict[str, Any]]:
    """Decode one record; return the name of its type and its row."""
    writer = schema(int.from_bytes(value[1:5], "big"))
    fields: Any = fastavro.schemaless_reader(BytesIO(value[5:]), writer, None)
    return writer["name"].rpartition(".")[2], fields


def write(tx: neo4j.ManagedTransaction, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Write a batch."""
    for name, query in QUERIES.items():
        if rows[name]:
            tx.run(query, rows=rows[name]).consume()


def loop(consumer: Consumer, session: neo4j.Session) -> None:
    """Consume, decode, write and commit in a loop."""
    while True:
        messages = consumer.consume(ROWS, timeout=0.1)
        if not messages:
            continue
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in messages:
            name, row = row_of(message.value() or b"")
            rows[name].append(row)
        session.execute_write(write, rows)
        consumer.commit(asynchronous=False)


def main() -> None:
    """Run until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": os.environ["BENCH_GROUP"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([os.environ["BENCH_TOPIC"]])
    auth = (os.environ["NEO4J_USERNAME"], os.environ["NEO4J_PASSWORD"])
    with neo4j.GraphDatabase.driver(os.environ["NEO4J_URI"], auth=auth) as driver:
        try:
            with driver.session(database=os.environ["NEO4J_DATABASE"]) as session:
                loop(consumer, session)
        finally:
            consumer.close()


if __name__ == "__main__":
    main()
