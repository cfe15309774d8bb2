"""The workers under the fuzzer: the engine's way of a batch over fakes, with the real decoder and real schemas."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from fastavro import schemaless_writer
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from tests.model.registry_source import COLUMNS
from tests.unit.adapters.avro.in_memory_registry import InMemoryRegistry
from tests.unit.fuzz.mutations import MARK
from tests.unit.pipelines.audit import records as audit
from tests.unit.pipelines.evolution.decisions import hash_of, named
from tests.unit.pipelines.registry.rows import ROWS
from tests.unit.pipelines.telemetry import records as telemetry
from tests.unit.pipelines.telemetry.driven import NOW
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.decode_errors import DEAD_LETTER_CODES as DECODE
from workers.adapters.avro.schemas import load_reader_schemas, parse
from workers.adapters.avro.wire import prefix_of
from workers.core.dead_letter import DeadLetter
from workers.core.ports import NOTHING_WRITTEN
from workers.core.record import ConsumedRecord, Headers
from workers.core.worker import WireFormat
from workers.pipelines.fleet import FLEET
from workers.testing import PARTITION, WorkerUnderTest

SCHEMAS = Path(__file__).parents[3] / "schemas" / "avro"


class Sample(NamedTuple):
    """A good record: its schema, its fields and its key. ``private`` are fields that must not come out in messages."""

    schema: Mapping[str, Any]
    fields: Mapping[str, Any]
    key: bytes
    private: frozenset[str] = frozenset()


class Outcome(NamedTuple):
    """What became of a batch: its dead letters, and the rows that were written."""

    letters: list[DeadLetter]
    written: list[tuple[str, list[Any]]]
    through: int


class Subject:
    """One worker."""

    def __init__(self, name: str, samples: Sequence[Sample]) -> None:
        factory = FLEET[name]
        self.samples = samples
        self._registry = InMemoryRegistry()
        is_debezium = factory.wire_format is WireFormat.DEBEZIUM
        readers = {} if is_debezium else load_reader_schemas(SCHEMAS / name)
        self._ids = {id(sample.schema): self._registry.add(sample.schema) for sample in samples}
        self._parsed = {id(sample.schema): parse([sample.schema]) for sample in samples}
        codec = AvroCodec(self._registry, readers, change_events=is_debezium)
        spec = factory.build(factory.options(topic=PARTITION.topic, group="fuzz"), has_api=False)
        self._worker: WorkerUnderTest[Any, Any] = WorkerUnderTest(spec, factory.metrics, decoder=codec)
        self._worker.clock.now = NOW / 1_000
        self._codes = {(each.stage, each.code) for each in (*DECODE, *factory.dead_letter_codes)}

    def knows(self, stage: str, code: str) -> bool:
        """Tell whether the documentation lists a code, as it is or as one of ``<column>.<rule>``."""
        return (stage, code) in self._codes or (
            (stage, "<column>.<rule>") in self._codes and code.partition(".")[2] in Draft202012Validator.VALIDATORS
        )

    def value(self, sample: Sample, **changed: Any) -> bytes:
        """Return the Confluent wire format of a sample. Raises what fastavro raises for a field that does not fit."""
        target = BytesIO()
        schemaless_writer(target, self._parsed[id(sample.schema)], {**sample.fields, **changed})
        return prefix_of(self._ids[id(sample.schema)]) + target.getvalue()

    def run(self, *records: ConsumedRecord) -> Outcome:
        """Run one batch from the beginning."""
        worker, graph = self._worker, self._worker.graph
        graph.written.clear()
        graph.states.clear()
        graph.watermark = NOTHING_WRITTEN
        worker.table.clear()
        worker.dead_letters.letters.clear()
        worker.claim()
        asyncio.run(worker.run_batch(records))
        written = [(each.name, list(each.rows)) for each in graph.written if each.rows]
        return Outcome(list(worker.dead_letters.letters), written, graph.watermark)


def record(offset: int, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> ConsumedRecord:
    return ConsumedRecord(PARTITION.topic, PARTITION.partition, offset, NOW, key, value, headers or [])


def _schema(worker: str, name: str) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads((SCHEMAS / worker / f"{name}.avsc").read_text())
    return schema


def _telemetry() -> list[Sample]:
    private = {
        "LLMInvocationEvent": {each: f"{MARK}{each}" for each in ("prompt", "completion", "user_id", "session_id")},
        "LLMErrorEvent": {"message": f"{MARK}message"},
    }
    return [
        Sample(
            _schema("telemetry", name),
            telemetry.fields(name, **private.get(name, {})),
            b"t1",
            frozenset(private.get(name, ())),
        )
        for name in telemetry.OWN
    ]


def _audit() -> list[Sample]:
    schema = _schema("audit", "AuditEvent")
    private = ("actor_id", "user_id", "source_ip", "user_agent", "reason")
    samples = []
    for number, event_type in enumerate(audit.CAPTURED):
        good = audit.fields(event_type, f"a-{number}", details={"note": f"{MARK}details"})
        marked = {each: f"{MARK}{each}" for each in private if good[each] is not None and each != "source_ip"}
        key = good["content_id"] or marked.get("user_id") or ""
        samples.append(Sample(schema, good | marked, key.encode(), frozenset(private)))
    return samples


def _evolution() -> list[Sample]:
    subject = {"event_id": "e", "schema_id": "tool", "migration_id": named("2"), "version": "2", "at": 1}
    own: dict[str, dict[str, Any]] = {
        "SchemaPublished": {
            "version": "2",
            "hash": hash_of("2"),
            "against_version": "1",
            "against_hash": None,
            "change_class": "backward",
            "why": "a field",
            "compatible_models": ["gpt-4"],
            "published_at": 1,
        },
        "MigrationDecided": {"approved": True, "by": "ada", "why": "fine"},
        "MigrationDue": {"why": "nobody uses it"},
        "MigrationRolledBack": {"why": "it failed"},
        "MigrationExecuted": {},
        "MigrationVerified": {},
        "MigrationConfirmed": {},
    }
    return [Sample(_schema("evolution", name), subject | fields, b"tool") for name, fields in own.items()]


TYPES: Mapping[str, Any] = {
    "context_window": "int",
    "training_cutoff": "int",
    "deprecated": "boolean",
    "compatible_models": {"type": "array", "items": "string"},
}


def _registry() -> list[Sample]:
    samples = []
    for table, columns in COLUMNS.items():
        row = {"type": "record", "name": "Value", "fields": [_column(each) for each in columns]}
        schema = {
            "type": "record",
            "name": "Envelope",
            "namespace": f"registry.public.{table}",
            "fields": [
                {"name": "before", "type": ["null", row]},
                {"name": "after", "type": ["null", "Value"]},
                {"name": "source", "type": SOURCE},
                {"name": "op", "type": "string"},
                {"name": "ts_ms", "type": ["null", "long"]},
            ],
        }
        source = {"table": table, "lsn": 7, "ts_ms": NOW}
        subject = next(iter(ROWS[table].values()))
        fields = {"before": None, "after": ROWS[table], "source": source, "op": "c", "ts_ms": NOW}
        samples.append(Sample(schema, fields, b"\0\0\0\0\7" + subject.encode()))
    return samples


def _column(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", TYPES.get(name, "string")]}


SOURCE = {
    "type": "record",
    "name": "Source",
    "namespace": "io.debezium.connector.postgresql",
    "fields": [
        {"name": "table", "type": "string"},
        {"name": "lsn", "type": ["null", "long"]},
        {"name": "ts_ms", "type": "long"},
    ],
}
SUBJECTS = {
    "telemetry": Subject("telemetry", _telemetry()),
    "registry": Subject("registry", _registry()),
    "evolution": Subject("evolution", _evolution()),
    "audit": Subject("audit", _audit()),
}
