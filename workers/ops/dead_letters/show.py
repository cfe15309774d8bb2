"""One dead letter as a mapping: for people, and for jq."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workers.adapters.kafka.headers import foreign
from workers.core.errors import Rejected
from workers.core.record import Decoded
from workers.ops.dead_letters.letter import Letter


def shown(letter: Letter, decoded: Decoded | None, fault: Rejected | None) -> dict[str, Any]:
    """Return a letter's place, error, headers and value; the value as base64 where it is not decoded.

    ``today`` is why the worker would reject it now; ``None`` where it would decode and validate.
    """
    record, errors = letter.record, letter.errors
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": _iso(record.timestamp),
        "key": _text(record.key),
        "error": _error(letter) if errors else {"problem": letter.problem},
        "today": f"{fault.code}: {fault.message}" if fault else None,
        "headers": [[name, _text(value)] for name, value in foreign(record.headers)],
        "schema": decoded.record_name if decoded else None,
        "value": decoded.fields if decoded else _base64(record.value),
    }


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
        "first_failed_at": _iso(errors.first_failed_at),
        "failed_at": _iso(errors.failed_at),
        "replays": errors.replay_count,
        "replay_id": errors.replay_id or None,
    }


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
