"""A topic of its own for each test, with dead letters in the real Kafka."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any
from uuid import uuid4

import pytest

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.replays import SUFFIX
from workers.adapters.kafka.topic_state import KafkaTopicStates
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import KafkaSettings, Settings
from workers.config.topics import TopicSpec
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.core.clock import SystemClock
from workers.core.dead_letter import DeadLetter
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.ops.dead_letters.audit import SCHEMAS, TOPIC
from workers.ops.dead_letters.scan import DeadLetters
from workers.pipelines.fleet import load_topology

PARTITIONS = 3
LARGEST_BYTES = 4 * 1024 * 1024
MARKERS_SECONDS = 30.0


class SourceTopic:
    """A source topic and its dead letters; ``failed`` makes letters of records that are not in it."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        self.kafka = kafka
        self.name = name
        self.now = SystemClock().now_ms()

    def record(self, number: int, **changed: object) -> ConsumedRecord:
        """Return the record of a number: its place follows from it."""
        record = ConsumedRecord(
            self.name,
            number % PARTITIONS,
            number,
            self.now - 60_000 + number,
            b"key %d" % (number % 7),
            b"value %d" % number,
            [("trace", b"%d" % number)],
        )
        return record._replace(**changed)  # type: ignore[arg-type]  # as the caller says

    def letters(self, numbers: Sequence[int], code: str = "field.missing") -> list[DeadLetter]:
        """Return dead letters of the records of these numbers."""
        return [self.letter(self.record(number), code) for number in numbers]

    def letter(self, record: ConsumedRecord, code: str = "field.missing") -> DeadLetter:
        """Return a dead letter of a record."""
        return DeadLetter(record, "group", "telemetry", Stage.VALIDATE, code, f"{code}: send it", "Rejected", self.now)

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Send letters as a worker does."""
        dead_letters = KafkaDeadLetters(librdkafka_config(self.kafka))
        try:
            await dead_letters.publish(letters)
        finally:
            await dead_letters.aclose()

    def dead_letters(self) -> DeadLetters:
        """Return the dead letters up to now."""
        return DeadLetters(self.kafka, self.name)

    async def records(self, topic: str = "") -> list[ConsumedRecord]:
        """Return the committed records of the topic, or of another one, when no transaction is under way in it.

        A commit returns when it is decided. Its markers, which make it visible, come later.
        """
        journal = f"{self.name}.dlq{SUFFIX}"
        for written in (topic or self.name, *({journal} & Admin(self.kafka).topics().keys())):
            await self._transactions_ended(written)
        return self.committed(topic)

    async def _transactions_ended(self, topic: str) -> None:
        deadline = time.monotonic() + MARKERS_SECONDS
        states, reader = KafkaTopicStates(self.kafka, topic), TopicReader(self.kafka, topic)
        while (await states.now()).ends != reader.end_offsets():
            assert time.monotonic() < deadline, "a transaction does not end"

    def committed(self, topic: str = "") -> list[ConsumedRecord]:
        """Return the records that are committed by now."""
        reader = TopicReader(self.kafka, topic or self.name)
        return list(reader.between({}, reader.end_offsets()))


@pytest.fixture
def audit_events() -> Callable[[str], Awaitable[list[Mapping[str, Any]]]]:
    """Create the topic ``audit-events``; return what reads the events about a dead-letter topic."""
    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    worker = WorkerOptions(topic=TOPIC, group=TOPIC)
    audit = Topology(topics={TOPIC: topology.topics[TOPIC]}, workers={"reader": worker})
    apply_topology(settings.kafka, audit, execute=True)

    async def read(dlq_topic: str) -> list[Mapping[str, Any]]:
        async with aclosing(SchemaRegistry(settings.schema_registry)) as registry:
            codec = AvroCodec(registry, load_reader_schemas(topology.schemas_folder / SCHEMAS))
            reader = TopicReader(settings.kafka, TOPIC)
            records = list(reader.between({}, reader.end_offsets()))
            await codec.prepare(records)
            events = [(codec.decode(record).fields, record.key) for record in records]
        assert all(key == fields["user_id"].encode() for fields, key in events)
        return [fields for fields, _ in events if fields["details"].get("topic") == dlq_topic]

    return read


@contextmanager
def created(kafka: KafkaSettings, name: str) -> Iterator[None]:
    """Create a topic; finally delete it, its dead letters, and the journals of their replays."""
    worker = WorkerOptions(topic=name, group=name)
    topology = Topology(
        topics={name: TopicSpec(partitions=PARTITIONS, max_message_bytes=LARGEST_BYTES)}, workers={"reader": worker}
    )
    apply_topology(kafka, topology, execute=True)
    yield
    admin = Admin(kafka)
    names = {name, f"{name}{SUFFIX}", f"{name}.dlq", f"{name}.dlq{SUFFIX}"}
    admin.results(admin.client.delete_topics([*names & admin.topics().keys()]))


@pytest.fixture
def source() -> Iterator[SourceTopic]:
    kafka, name = Settings.from_environment().kafka, f"source-{uuid4().hex[:12]}"
    with created(kafka, name):
        yield SourceTopic(kafka, name)
