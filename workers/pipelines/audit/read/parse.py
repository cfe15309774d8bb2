"""Make an event of a decoded record, or reject it with field, value and fix."""

from workers.core.checks import described, quoted, reject
from workers.core.record import Decoded
from workers.pipelines.audit.chain.canonical import canonical
from workers.pipelines.audit.event_types import EVENT_TYPES, EventType
from workers.pipelines.audit.events import ContentKind, Event
from workers.pipelines.audit.read.checks import (
    Fields,
    check_captured,
    check_classification,
    check_granted,
    check_size_bytes,
    check_source_ip,
    check_texts,
    check_time,
)

RECORD = "com.llm.datavault.audit.AuditEvent"
CONTENT_KIND = "content_kind"
"""The detail that says what a content is."""


def parse(decoded: Decoded, now_ms: int) -> Event:
    """Return the event of a decoded value; ``now_ms`` is the current time in epoch milliseconds.

    Raises ``Rejected`` (VALIDATE) with one of the codes in ``dead_letter_codes``.
    """
    record_name, fields = decoded
    if record_name != RECORD:
        reject("record.unknown", f"{quoted(record_name)} is no audit event: send {RECORD}")
    kind = EVENT_TYPES.get(fields["event_type"])
    if kind is None:
        message = f"event_type is {quoted(fields['event_type'])}: send one of {', '.join(EVENT_TYPES)}"
        reject("event_type.unknown", message)
    try:
        _check(kind, fields, now_ms)
        return Event(fields, canonical(fields), *_users(kind, fields), _content_kind(fields))
    except KeyError as missing:
        reject("field.missing", f"{missing.args[0]} is missing: write the record with the current schema of {RECORD}")


def _check(kind: EventType, fields: Fields, now_ms: int) -> None:
    check_captured(kind, fields)
    check_texts(fields)
    check_time(fields["timestamp"], now_ms)
    check_size_bytes(fields["size_bytes"])
    check_source_ip(fields["source_ip"])
    check_classification(fields["classification"])
    check_granted(fields)


def _users(kind: EventType, fields: Fields) -> tuple[str | None, str | None]:
    """Return who did it, and whom it concerns."""
    actor, user = fields["actor_id"] or None, fields["user_id"] or None
    if not kind.about_user:
        return user or actor, None
    # An operator's own event names him twice; a role may be his own.
    concerned = user if user != actor or fields["role"] else None
    return actor, concerned


def _content_kind(fields: Fields) -> ContentKind | None:
    """Return what the event says about its content: in words, or by the form of the id."""
    said = fields["details"].get(CONTENT_KIND)
    if said is not None:
        if said not in set(ContentKind):
            reject("content_kind.unknown", f"details.content_kind is {quoted(said)}: send prompt or completion")
        return ContentKind(said)
    content_id = fields["content_id"] or ""
    return next((kind for kind in ContentKind if content_id.startswith(f"{kind}-")), None)


def check_key(event: Event, key: bytes | None) -> None:
    """Check that the record's key is the content_id, or else the user_id; without both, any key will do.

    Raises ``Rejected`` (VALIDATE) with ``key.mismatch``.
    """
    expected = event.fields["content_id"] or event.fields["user_id"]
    if expected and key != expected.encode():
        field = f"content_id {quoted(expected)}" if event.fields["content_id"] else "user_id"
        reject("key.mismatch", f"the key is {described(key)}: use the {field} in UTF-8")
