"""Workers under their own users of a secure stack, and an outsider who sends records and looks at the result."""

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.request import Request, urlopen

import neo4j
import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them, but not in the type checker's way
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from tests.conftest import HOME
from tests.end_to_end.events import INVOCATION, fields_of
from tests.end_to_end.outsider import SCHEMAS, framed, read_schema
from tests.end_to_end.program import Program, run
from tests.end_to_end.scene import TOPOLOGY
from workers.dev.stack.tls.files import StackTls, as_user, with_certificate

USER = "memory-graph-telemetry"
REGISTRY_USER = "memory-graph-registry"
SECONDS = 30.0


@dataclass
class SecureScene:
    """The administrator's ``environment``; telemetry's is ``worker``, or ``mutual`` by certificate.

    ``registry`` is that of the worker ``registry``, with the topology that the stack was started with.
    """

    stack: str
    environment: Mapping[str, str]
    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.tls = StackTls(HOME / self.stack)
        self.topic, self.group = f"{self.name}-events", f"{self.name}-group"
        topology = self.folder / "topology.yaml"
        names = {"topic": self.topic, "group": self.group, "worker": "telemetry", "order": "relaxed"}
        topology.write_text(TOPOLOGY.format(schemas=SCHEMAS, partitions=2, max_rows=100, **names))
        self.registry = as_user(self.environment, self.tls, REGISTRY_USER)
        self.environment = {**self.environment, "MEMORY_GRAPH_TOPOLOGY": str(topology)}
        self.worker = as_user(self.environment, self.tls, USER)
        self.mutual = with_certificate(self.environment, self.tls.of_user(USER))
        self.sent = 0

    def set_up(self) -> None:
        """Create topics and rules as the administrator; migrate the graph."""
        for command in (["topology", "apply", "--execute"], ["topology", "acls", "--execute"], ["graph", "migrate"]):
            code, said, complaint = run(command, self.environment)
            assert code == 0, said + complaint

    def start(self, log: str, environment: Mapping[str, str], worker: str = "telemetry") -> Program:
        return Program(["worker", worker], environment, self.folder / log)

    def kafka(self) -> dict[str, Any]:
        """Return the administrator's properties of librdkafka."""
        return {
            "bootstrap.servers": self.environment["KAFKA_BOOTSTRAP_SERVERS"],
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.environment["KAFKA_USERNAME"],
            "sasl.password": self.environment["KAFKA_PASSWORD"],
            "ssl.ca.location": self.environment["KAFKA_SSL_CAFILE"],
            "log_level": 2,
        }

    def send(self, *, good: bool = True) -> str:
        """Send one record to each partition, and return the trace_id; one that is not good has no schema."""
        self.sent += 1
        trace_id = f"{self.name}-{self.sent}"
        value = self._value(trace_id) if good else b"no Avro"
        producer = Producer(self.kafka())
        for partition in range(2):
            producer.produce(self.topic, value, trace_id.encode(), partition)
        assert producer.flush(SECONDS) == 0
        return trace_id

    def register(self, model: str) -> None:
        """Write a row of the registry by SQL."""
        with psycopg.connect(self.environment["REGISTRY_DATABASE_URL"]) as database:
            row = (model, "2026-12-01", self.name)
            database.execute("INSERT INTO models (model_id, version, provider) VALUES (%s, %s, %s)", row)

    def traces(self) -> list[str]:
        """Return the traces in the graph."""
        return self._names("MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN i.trace_id AS name")

    def registered(self) -> list[str]:
        """Return the models in the graph that came from the registry."""
        return self._names("MATCH (m:Model {provider: $name}) RETURN m.model_id AS name")

    def _names(self, cypher: LiteralString) -> list[str]:
        with neo4j.GraphDatabase.driver(
            self.environment["NEO4J_URI"].replace("+s", ""),
            auth=(self.environment["NEO4J_USERNAME"], self.environment["NEO4J_PASSWORD"]),
            encrypted=True,
            trusted_certificates=neo4j.TrustCustomCAs(self.environment["NEO4J_CAFILE"]),
        ) as driver:
            return sorted(row["name"] for row in driver.execute_query(cypher, name=self.name).records)

    def letters(self) -> int:
        """Return how many dead letters there are."""
        consumer = Consumer({**self.kafka(), "group.id": f"{self.name}-outsider"})
        try:
            topic = f"{self.topic}.dlq"
            return sum(consumer.get_watermark_offsets(TopicPartition(topic, number), SECONDS)[1] for number in range(2))
        finally:
            consumer.close()

    def forbid(self, resource: str, name: str, operation: str) -> None:
        """Take a rule away from the worker's user."""
        rule = AclBindingFilter(
            ResourceType[resource],
            name,
            ResourcePatternType.LITERAL,
            f"User:{USER}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        client = AdminClient(self.kafka())
        (taken,) = client.delete_acls([rule]).values()
        assert taken.result(SECONDS), f"there was no rule for {operation} of {resource} {name}"

    def allow(self) -> None:
        """Give back what was taken away, as an operator does."""
        assert run(["topology", "acls", "--execute"], self.environment)[0] == 0

    def _value(self, trace_id: str) -> bytes:
        # A schema of its own, so that a worker must ask the registry.
        schema = {**read_schema(SCHEMAS / "telemetry" / "LLMInvocationEvent.avsc"), "doc": f"of {trace_id}"}
        ids = {"event_id": f"{trace_id}-e", "model_id": f"{self.name}-m", "trace_id": trace_id, "span_id": "s"}
        return framed(self._register(schema), schema, fields_of(INVOCATION, **ids))

    def _register(self, schema: Mapping[str, Any]) -> int:
        login = f"{self.environment['SCHEMA_REGISTRY_USERNAME']}:{self.environment['SCHEMA_REGISTRY_PASSWORD']}"
        request = Request(  # noqa: S310 - the registry of this test run
            f"{self.environment['SCHEMA_REGISTRY_URL']}/subjects/{self.topic}-{INVOCATION}/versions",
            data=json.dumps({"schema": json.dumps(schema), "schemaType": "AVRO"}).encode(),
            headers={
                "Content-Type": "application/vnd.schemaregistry.v1+json",
                "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
            },
        )
        trusted = ssl.create_default_context(cafile=self.environment["SCHEMA_REGISTRY_CAFILE"])
        with urlopen(request, timeout=SECONDS, context=trusted) as answer:  # noqa: S310 - same reason as above
            return int(json.load(answer)["id"])
