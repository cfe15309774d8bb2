"""Good and bad records of telemetry, registry and audit with marked texts in every field that is about a person."""

import json
from collections.abc import Mapping
from typing import Any

from tests.end_to_end.bad_records import EVERY_KIND, Bad, Producer
from tests.end_to_end.canaries import Canaries
from tests.end_to_end.events import ERROR, INVOCATION, LATENCY, METRICS, TOKENS
from tests.end_to_end.outsider import SCHEMAS, Log, Serializer, framed, read_schema, register
from tests.unit.fuzz.subjects import SUBJECTS
from tests.unit.pipelines.audit import records as audit

CONTENT = ("PROMPT", "COMPLETION")
"""Texts that belong into the values of Kafka's records alone."""


class MarkedProducer(Producer):
    """A producer whose records have marked texts."""

    canaries: Canaries

    def fields(self, record_name: str = INVOCATION, **fields: Any) -> dict[str, Any]:
        marked: dict[str, Any] = {"metadata": {"note": self.canaries["METADATA"]}}
        if record_name == INVOCATION:
            marked |= {name.lower(): self.canaries[name] for name in (*CONTENT, "USER_ID", "SESSION_ID")}
        if record_name == ERROR:
            marked["message"] = self.canaries["ERROR_MESSAGE"]
        return super().fields(record_name, **marked | fields)


def one_of_each_code() -> list[Bad]:
    """Return a bad record for every dead-letter code, the large ones left out."""
    by_code: dict[str, Bad] = {}
    for case in EVERY_KIND:
        if "10 MB" not in case.what:
            by_code.setdefault(case.code, case)
    return list(by_code.values())


def send_telemetry(log: Log, canaries: Canaries, serializer: Serializer, registry_url: str, name: str) -> int:
    """Send a good record of each type, one of each code, and texts that are no Avro; return how many are bad."""
    MarkedProducer.canaries = canaries
    good = MarkedProducer(serializer, registry_url, log.topic, f"{name}-good")
    baggage = f"user_id={canaries['BAGGAGE']},model_id=gpt-4o".encode()
    headers = [("traceparent", f"00-{'4' * 32}-{'7' * 16}-01".encode()), ("baggage", baggage)]
    for record_name in (INVOCATION, TOKENS, LATENCY, ERROR, METRICS):
        log.send(good.trace_id.encode(), good.value(record_name), headers=headers)
    cases = one_of_each_code()
    for number, case in enumerate(cases):
        spoiler = MarkedProducer(serializer, registry_url, log.topic, f"{name}-bad-{number}")
        log.send(case.key(spoiler), case.value(spoiler), headers=headers)
    texts = json.dumps({"prompt": canaries["PROMPT"], "user_id": canaries["USER_ID"]}).encode()
    log.send(canaries["USER_ID"].encode(), texts)
    log.send(canaries["USER_ID"].encode(), good.value())
    log.send(b"k", good.value(prompt=canaries["PROMPT"] * 200_000))
    log.flush()
    return len(cases) + 3


def send_audit(log: Log, canaries: Canaries, registry_url: str) -> int:
    """Send an event of each type, and some that are rejected for a field about a person; return how many."""
    schema = read_schema(SCHEMAS / "audit" / "AuditEvent.avsc")
    schema_id = register(registry_url, f"{log.topic}-{audit.RECORD}", schema)
    personal = {"user_id": "AUDIT_USER", "actor_id": "AUDIT_ACTOR", "user_agent": "USER_AGENT", "reason": "REASON"}

    def send(event_type: str, audit_id: str, key: bytes | None = None, **other: Any) -> None:
        marked = {field: canaries[mark] for field, mark in personal.items()}
        captured = audit.CAPTURED[event_type]
        marked = {name: value for name, value in marked.items() if name == "user_agent" or name in captured}
        fields = audit.fields(
            event_type, f"{canaries.run}-{audit_id}", **marked | {"details": {"note": canaries["DETAILS"]}} | other
        )
        value = framed(schema_id, schema, fields)
        log.send(key or (fields["content_id"] or fields["user_id"] or "").encode(), value)

    for event_type in audit.CAPTURED:
        send(event_type, event_type)
    bad: list[tuple[bytes | None, Mapping[str, Any]]] = [
        (None, {"source_ip": canaries["SOURCE_IP"]}),
        (canaries["AUDIT_USER"].encode(), {}),
        (None, {"reason": canaries["REASON"] * 5_000}),
        (None, {"user_id": canaries["AUDIT_USER"] * 100}),
        (None, {"timestamp": 1}),
        (None, {"user_id": None}),
    ]
    for number, (key, other) in enumerate(bad):
        send("content.read", f"bad-{number}", key, **other)
    log.flush()
    return len(bad)


def send_registry(log: Log, registry_url: str) -> int:
    """Send a good change of each table, and one without its key."""
    for number, sample in enumerate(SUBJECTS["registry"].samples):
        subject = f"{log.topic}-{sample.schema['namespace']}.Envelope"
        row = {
            name: log.topic if name in {"model_id", "schema_id"} else each
            for name, each in sample.fields["after"].items()
        }
        fields = {**sample.fields, "after": row}
        value = framed(register(registry_url, subject, sample.schema), sample.schema, fields)
        log.send(b"\0\0\0\0\7" + log.topic.encode(), value)
        if not number:
            log.send(None, value)
    log.flush()
    return 1
