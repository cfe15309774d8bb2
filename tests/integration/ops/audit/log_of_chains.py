"""The topic that chains came from: valid events, duplicates of them, and records that no worker takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way
from ruamel.yaml import YAML

from tests.integration.ops.audit.graph_of_chains import Chains
from tests.model.audit_edits import Node, event_of
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.producer import KafkaProducer
from workers.config.settings import Settings
from workers.core.record import OutgoingRecord

ROOT = Path(__file__).parents[4]
RECORD = "com.llm.datavault.audit.AuditEvent"
WATERMARK = "MERGE (w:Watermark {id: $id}) SET w.offset = $offset"


def create_topics(partitions: Mapping[str, int]) -> None:
    """Create the topics that are not there."""
    admin = Admin(Settings.from_environment().kafka)
    there = admin.topics()
    missing = [NewTopic(name, count, 1) for name, count in partitions.items() if name not in there]
    for answer in admin.client.create_topics(missing).values() if missing else ():
        admin.result(answer)


def topology_of(chains: Chains, folder: Path) -> Path:
    """Write a topology whose audit worker reads the chains' topic; return its path."""
    yaml = YAML()
    document = yaml.load((ROOT / "topology.yaml").read_text())
    document["schemas"] = str(ROOT / "schemas/avro")
    document["topics"][chains.topic] = {"partitions": len(chains.nodes), "key": "content_id"}
    document["workers"]["audit"]["topic"] = chains.topic
    path = folder / "topology.yaml"
    with path.open("w") as file:
        yaml.dump(document, file)
    return path


async def send(chains: Chains, graph: GraphConnection) -> None:
    """Write the topic: after each tenth event a duplicate of an earlier one, after each twentieth an invalid record.

    The worker has written all but the last two records of each partition, which come after the chain.
    """
    settings = Settings.from_environment()
    registry = SchemaRegistry(settings.schema_registry)
    encoder = AvroEncoder(registry, load_reader_schemas(ROOT / "schemas/avro/audit"))
    producer = KafkaProducer({}, settings.kafka)
    for partition, nodes in chains.nodes.items():
        fields = list(_records(nodes))
        values = [await encoder.encode(chains.topic, RECORD, each) for each in fields]
        records = [
            OutgoingRecord(chains.topic, each["content_id"].encode(), value, partition)
            for each, value in zip(fields, values, strict=True)
        ]
        await producer.send(records)
        offset = len(records) - 3
        await graph.rows(WATERMARK, id=f"audit/{chains.topic}/{partition}", offset=offset)
    await producer.aclose()
    await registry.aclose()


def _records(nodes: list[Node]) -> Any:
    for number, node in enumerate(nodes):
        yield event_of(node)
        if number % 10 == 9:
            yield event_of(nodes[number // 2])
        if number % 20 == 19:
            yield {**event_of(node), "audit_id": f"{node['id']}-bad", "classification": "nobody knows"}
    for late in ("late-1", "late-2"):
        yield {**event_of(nodes[0]), "audit_id": f"{nodes[0]['id']}-{late}"}
