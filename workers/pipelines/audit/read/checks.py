"""Checks of single fields of an audit event. Each raises ``Rejected`` (VALIDATE) or returns nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from workers.core.checks import check_size, check_unicode, quoted, reject
from workers.pipelines.audit.chain.canonical import LARGEST_INTEGER
from workers.pipelines.audit.event_types import CLASSIFICATIONS, EventType
from workers.pipelines.audit.limits import EARLIEST_TIMESTAMP, MAX_AHEAD_MS, MAX_NAME_BYTES, MAX_TEXT_BYTES

Fields = Mapping[str, Any]

NAMES = (
    "audit_id", "event_type", "actor_id", "user_id", "content_id", "classification", "source_ip", "attempted_action",
    "role", "key_id",
)  # fmt: skip
TEXTS = ("user_agent", "reason")


def check_captured(kind: EventType, fields: Fields) -> None:
    """Check that an event has what its type must capture."""
    for field in ("audit_id", *kind.captures):
        value = fields[field]
        if value is not None and value != "":
            continue
        instead = f", or details.{kind.explains}" if field == "reason" and kind.explains else ""
        if not (instead and fields["details"].get(kind.explains)):
            reject(
                "field.missing", f"{fields['event_type']} must capture {field}{instead}, and it is {value!r}: send it"
            )


def check_texts(fields: Fields) -> None:
    """Check the size of all texts, and that they are valid Unicode."""
    for field in NAMES:
        _check_text(field, fields[field], MAX_NAME_BYTES)
    for field in TEXTS:
        _check_text(field, fields[field], MAX_TEXT_BYTES)
    _check_text("details", "".join(part for pair in fields["details"].items() for part in pair), MAX_TEXT_BYTES)


def _check_text(field: str, value: str | None, limit: int) -> None:
    if value:
        check_size(field, value, limit)
        check_unicode(field, value)


def check_time(timestamp: int, now_ms: int) -> None:
    """Check that the time is between 2015 and one day from now; both in epoch milliseconds."""
    if timestamp < EARLIEST_TIMESTAMP:
        message = f"timestamp is {timestamp}, before 2015-01-01T00:00:00Z ({EARLIEST_TIMESTAMP}): send milliseconds"
        reject("timestamp.too_old", message)
    if timestamp > now_ms + MAX_AHEAD_MS:
        now = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds")
        message = f"timestamp is {timestamp}, more than a day after {now}: send milliseconds, set the clock"
        reject("timestamp.in_future", message)


def check_size_bytes(size: int | None) -> None:
    """Check the size of the content, bytes."""
    if size is not None and size < 0:
        reject("number.negative", f"size_bytes is {size}: send a size from 0")
    if size is not None and size > LARGEST_INTEGER:
        reject("number.out_of_range", f"size_bytes is {size}: send at most {LARGEST_INTEGER}")


def check_source_ip(address: str | None) -> None:
    """Check that it is an IPv4 or IPv6 address. It is not quoted: it says where a person is."""
    if address is None:
        return
    try:
        ip_address(address)
    except ValueError:
        reject(
            "source_ip.invalid",
            f"source_ip is a text of {len(address)} characters: send an IPv4 or IPv6 address, without a port",
        )


def check_classification(classification: str | None) -> None:
    """Check that it is one of the known classifications."""
    if classification is not None and classification not in CLASSIFICATIONS:
        message = f"classification is {quoted(classification)}: send one of {', '.join(CLASSIFICATIONS)}"
        reject("classification.unknown", message)


def check_granted(fields: Fields) -> None:
    """Check that a denial does not say that access was granted."""
    if fields["event_type"] == "access.denied" and fields["access_granted"]:
        reject("access_granted.contradicts", "access_granted is true on access.denied: send false, or content.read")
