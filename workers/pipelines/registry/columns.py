"""Single columns as Debezium sends PostgreSQL's values; one that cannot be read is turned away with a fix."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from workers.core.checks import check_size, check_unicode, quoted, reject
from workers.pipelines.registry.limits import MAX_NAME_BYTES, MAX_TEXT_BYTES
from workers.pipelines.registry.model import UNSENT, Untold

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)

Row = Mapping[str, Any]


def key(row: Row, column: str) -> str:
    """Read a part of the primary key: text that is there."""
    value = row.get(column)
    if not value:
        reject("field.missing", f"{column} is {value!r}: it is a part of the table's key, send it with each change")
    return _name(column, value)


def name(row: Row, column: str) -> str | Untold | None:
    """Read a short text that may be missing; an empty one is missing, too."""
    value = row.get(column)
    if value == UNSENT.value:
        return UNSENT
    return _name(column, value) if value else None


def text(row: Row, column: str) -> str | Untold | None:
    """Read a long text, JSON included, that may be missing."""
    value = row.get(column)
    if value is None or value == UNSENT.value:
        return UNSENT if value else None
    if not isinstance(value, str):
        reject("field.type", f"{column} is {quoted(value)}: send it as text")
    check_size(column, value, MAX_TEXT_BYTES)
    check_unicode(column, value)
    return value


def names(row: Row, column: str) -> tuple[str, ...] | Untold:
    """Read an array of names: each once, in order of the alphabet; a missing array is empty."""
    value = row.get(column)
    if value in ([UNSENT.value], UNSENT.value):
        return UNSENT
    if not isinstance(value, list | None):
        reject("field.type", f"{column} is {quoted(value)}: send an array of names")
    return tuple(sorted({_name(column, each) for each in value or ()}))


def flag(row: Row, column: str) -> bool:
    """Read a boolean; a missing one is false."""
    value = row.get(column)
    if not isinstance(value, bool | None):
        reject("field.type", f"{column} is {quoted(value)}: send true or false")
    return bool(value)


def whole(row: Row, column: str) -> int | None:
    """Read a whole number that may be missing."""
    value = row.get(column)
    if isinstance(value, bool) or not isinstance(value, int | None):
        reject("field.type", f"{column} is {quoted(value)}: send a whole number")
    return value


def day(row: Row, column: str) -> str | None:
    """Read a date, which comes as days since 1970, as ISO 8601."""
    days = whole(row, column)
    if days is None:
        return None
    try:
        return (EPOCH_DAY + timedelta(days=days)).isoformat()
    except OverflowError:
        reject("date.invalid", f"{column} is {days} days from 1970-01-01: send a date of the years 1 to 9999")


def millis(row: Row, column: str) -> int | None:
    """Read a point in time as epoch milliseconds."""
    at = micros(row, column)
    return None if at is None else at // 1000


def micros(row: Row, column: str) -> int | None:
    """Read a point in time, which comes in ISO 8601, as epoch microseconds."""
    value = row.get(column)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
    except (TypeError, ValueError, OverflowError):
        reject("timestamp.invalid", f"{column} is {quoted(value)}: send a time of the years 1 to 9999 with its zone")


def document(column: str, value: str) -> Any:
    """Read JSON, its fractions as exact decimals."""
    try:
        return json.loads(value, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        reject("json.invalid", f"{column} is no JSON that can be read ({error}): {quoted(value)}")


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _name(column: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        reject("field.type", f"{column} is {quoted(value)}: send text that is not empty")
    check_size(column, value, MAX_NAME_BYTES)
    check_unicode(column, value)
    return value
