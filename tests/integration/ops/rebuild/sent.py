"""The traffic of a fleet of three workers: calls, audit events, a model; and what nobody can read."""

from tests.end_to_end.bad_records import Producer
from tests.end_to_end.outsider import SCHEMAS, Log, Serializer, framed, register
from tests.model.audit_edits import event, numbers
from tests.model.registry_source import Source
from tests.model.traffic import BEGINS, seeded, traffic
from workers.config.settings import Settings

AUDIT_RECORD = "com.llm.datavault.audit.AuditEvent"
MODELS_ROW = {
    "type": "record",
    "name": "Value",
    "fields": [
        {"name": name, "type": ["null", kind], "default": None}
        for name, kind in {
            "model_id": "string",
            "version": "string",
            "provider": "string",
            "context_window": "int",
            "training_cutoff": "int",
            "cost_per_1k_tokens": "string",
            "effective_from": "string",
            "deprecated": "boolean",
            "metadata": "string",
            "updated_at": "string",
        }.items()
    ],
}
ENVELOPE = {
    "type": "record",
    "name": "Envelope",
    "namespace": "registry.public.models",
    "fields": [
        {"name": "before", "type": ["null", MODELS_ROW], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {
            "name": "source",
            "type": {
                "type": "record",
                "name": "Source",
                "fields": [
                    {"name": "connector", "type": "string"},
                    {"name": "table", "type": "string"},
                    {"name": "snapshot", "type": "string"},
                    {"name": "lsn", "type": ["null", "long"]},
                    {"name": "ts_ms", "type": "long"},
                ],
            },
        },
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": ["null", "long"]},
    ],
}
PROVIDER = "acme"
"""No catalogue has it: a name of another provider would mean a Model that another test has registered."""
MODEL_ROW = {
    "version": "2023-06-01",
    "provider": PROVIDER,
    "context_window": 8_000,
    "cost_per_1k_tokens": '{"input": 0.25, "output": 0.5}',
    "effective_from": "2023-06-01T00:00:00Z",
    "deprecated": False,
    "metadata": "{}",
    "updated_at": "2023-06-01T00:00:00.000000Z",
}


class Traffic:
    """Sends to the topics of a test. ``name`` is part of every id."""

    def __init__(self, settings: Settings, name: str) -> None:
        registry, kafka = settings.schema_registry.url, settings.kafka.bootstrap_servers
        self._name, self._registry = name, registry
        self._calls, self._audit, self._changes = (
            Log(kafka, f"{name}-{each}") for each in ("calls", "audit", "changes")
        )
        self._call = Serializer(registry, f"{name}-calls", SCHEMAS / "telemetry")
        self._event = Serializer(registry, f"{name}-audit", SCHEMAS / "audit")
        self._envelope = register(registry, f"{name}-envelope", ENVELOPE)
        self._logs = self._audited = 0

    def register_model(self) -> None:
        """Send the model ``own``, with a price that no catalogue has."""
        source = Source()
        source.put("models", {"model_id": f"own-{self._name}", **MODEL_ROW})
        for key, fields in source.log:
            self._changes.send(key, framed(self._envelope, ENVELOPE, fields))
        self._changes.flush()

    def send(self, traces: int = 20, events: int = 30) -> None:
        """Send calls and audit events to two partitions, with duplicates and bad ones."""
        for partition in range(2):
            self._logs += 1
            prefix = f"{self._name}-{self._logs}"
            for record_name, fields in traffic(seeded(self._logs), traces, prefix):
                own = fields["model_id"].startswith("own-")
                model_id = f"own-{self._name}" if own else f"acme-{fields['model_id']}"
                ours = fields | {"provider": PROVIDER, "model_id": model_id}
                key = (fields["trace_id"] or model_id).encode()
                self._calls.send(key, self._call(record_name, ours), partition=partition)
            self._calls.send(f"{prefix}-bad".encode(), b"not avro", partition=partition)
            self._audit_events(partition, events)
        self._calls.flush()
        self._audit.flush()

    def _audit_events(self, partition: int, count: int) -> None:
        """Send events; after each tenth the same one as a duplicate, and one with a bad size."""
        random = numbers(self._audited)
        for _ in range(count):
            self._audited += 1
            made = event(self._audited, random, partition)
            made |= {"audit_id": f"{self._name}-{self._audited}", "timestamp": BEGINS + self._audited}
            made |= {"user_id": f"{self._name}-user", "content_id": f"prompt-{self._name}-{partition}"}
            for fields in (made, made, made | {"size_bytes": -1}) if self._audited % 10 == 0 else (made,):
                self._audit.send(made["content_id"].encode(), self._event(AUDIT_RECORD, fields), partition=partition)

    def call(self, trace: str, span: str, tokens: int = 3) -> None:
        """Send one call; a negative number of tokens is a dead letter."""
        trace_id = f"{self._name}-{trace}"
        producer = Producer(self._call, self._registry, f"{self._name}-calls", trace_id)
        value = producer.value(provider=PROVIDER, event_id=f"{trace_id}-{span}", span_id=span, token_count=tokens)
        self._calls.send(trace_id.encode(), value, partition=0)
        self._calls.flush()
