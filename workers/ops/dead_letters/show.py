"""One dead letter as a mapping: for people, and for jq."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from pydantic_core import from_json

from workers.core.errors import Rejected
from workers.core.record import Decoded
from workers.ops.dead_letters.letter import Letter


def shown(letter: Letter, decoded: Decoded | None, fault: Rejected | None, *, raw: bool = False) -> dict[str, Any]:
    """Return a letter's place, error, headers and value.

    ``today``   why the worker would reject it now; ``None`` where it would decode and validate
    ``field``   the field that the reason names, of today or of then
    ``format``  of the value: ``avro``, ``json``, ``text`` or ``base64``; ``raw`` leaves it in base64
    """
    record, errors = letter.record, letter.errors
    content, value = _value(letter, decoded, raw=raw)
    reason = fault.message if fault else errors.message if errors else ""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": iso(record.timestamp),
        "key": _text(record.key),
        "error": _error(letter) if errors else {"problem": letter.problem},
        "today": f"{fault.code}: {fault.message}" if fault else None,
        "field": failing_field(reason, value) if isinstance(value, Mapping) else None,
        "headers": [[name, _text(value)] for name, value in letter.headers],
        "schema": decoded.record_name if decoded else None,
        "format": content,
        "value": value,
    }


def failing_field(reason: str, value: Mapping[str, Any]) -> str | None:
    """Return the field that a reason names: our messages begin with it, or have it after the word ``field``."""
    words = reason.replace(":", " ").replace(",", " ").split()
    named = [*words[:1], *(after for word, after in pairwise(words) if word == "field")]
    return next((name for name in named if name in value), None)


def _value(letter: Letter, decoded: Decoded | None, *, raw: bool) -> tuple[str, Any]:
    value = letter.record.value
    if decoded is not None and not raw:
        return "avro", decoded.fields
    if value is None or raw:
        return "base64", _base64(value)
    try:
        return "json", from_json(value, allow_inf_nan=False)
    except ValueError:
        return _as_text(value)


def _as_text(value: bytes) -> tuple[str, str | None]:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "base64", _base64(value)
    return ("text", text) if text.isprintable() else ("base64", _base64(value))


def _error(letter: Letter) -> Mapping[str, Any]:
    errors = letter.errors
    if errors is None:
        return {}
    return {
        "code": errors.code,
        "stage": str(errors.stage),
        "message": errors.message,
        "worker": errors.worker,
        "group": errors.group,
        "exception": errors.exception_class,
        "from": {"topic": errors.topic, "partition": errors.partition, "offset": errors.offset},
        "first_offset": errors.first_offset,
        "first_failed_at": iso(errors.first_failed_at),
        "failed_at": iso(errors.failed_at),
        "replays": errors.replay_count,
        "replay_id": errors.replay_id or None,
    }


def iso(at: int, precision: str = "milliseconds") -> str:
    """Return epoch milliseconds as a time in UTC. A number that is no time stays one: anybody can write headers."""
    try:
        return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec=precision)
    except (ValueError, OverflowError, OSError):
        return str(at)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
