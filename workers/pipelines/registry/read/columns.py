"""Read single columns of PostgreSQL as Debezium sends them. A column that cannot be read is rejected with a fix."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]  # it ships no types
from jsonschema.validators import validator_for  # type: ignore[import-untyped]  # it ships no types

from workers.core.checks import check_size, check_unicode, quoted, reject
from workers.core.fingerprint import canonical_hash
from workers.pipelines.registry.events import UNSENT, NotSent, Text
from workers.pipelines.registry.limits import MAX_NAME_BYTES, MAX_TEXT_BYTES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)

Row = Mapping[str, Any]


def key(row: Row, column: str) -> str:
    """Read a column of the primary key: text that is not empty."""
    value = row.get(column)
    if not value:
        reject(
            "field.missing", f"{column} is {value!r}: it is part of the table's primary key, send it with each change"
        )
    return _name(column, value)


def name(row: Row, column: str) -> str | NotSent | None:
    """Read a short text that may be missing; an empty one is missing, too."""
    value = row.get(column)
    if value == UNSENT.value:
        return UNSENT
    return _name(column, value) if value else None


def text(row: Row, column: str) -> str | NotSent | None:
    """Read a long text, JSON included, that may be missing."""
    value = row.get(column)
    if value is None or value == UNSENT.value:
        return UNSENT if value else None
    if not isinstance(value, str):
        reject("field.type", f"{column} is {quoted(value)}: send it as text")
    check_size(column, value, MAX_TEXT_BYTES)
    check_unicode(column, value)
    return value


def names(row: Row, column: str) -> tuple[str, ...] | NotSent:
    """Read an array of names, sorted and without duplicates; a missing array is empty."""
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
    """Read a date as ISO 8601. Debezium sends days since 1970."""
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
    """Read a point in time as epoch microseconds. Debezium sends ISO 8601."""
    value = row.get(column)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
    except (TypeError, ValueError, OverflowError):
        reject("timestamp.invalid", f"{column} is {quoted(value)}: send a time of the years 1 to 9999 with its zone")


def document(column: str, value: str) -> Any:
    """Read JSON, with fractions as exact decimals."""
    try:
        return json.loads(value, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        reject("json.invalid", f"{column} cannot be read as JSON ({error}): {quoted(value)}")


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _name(column: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        reject("field.type", f"{column} is {quoted(value)}: send text that is not empty")
    check_size(column, value, MAX_NAME_BYTES)
    check_unicode(column, value)
    return value


def json_schema(text: str) -> Text:
    """Check that a text is a JSON Schema of its ``$schema``, by default of 2020-12. Nothing is fetched.

    Its digest is the SHA-256 of its canonical form: keys sorted, no blanks. Raises ``Rejected``.
    """
    schema = document("json_schema", text)
    if not isinstance(schema, dict | bool):
        reject("json_schema.invalid", f"json_schema is {quoted(schema)}: send an object, or true or false")
    try:
        draft = validator_for(schema, default=Draft202012Validator)
        draft.check_schema(schema, format_checker=draft.FORMAT_CHECKER)
        digest = canonical_hash(schema)
    except SchemaError as error:
        where = ".".join(str(part) for part in error.absolute_path) or "the schema itself"
        reject("json_schema.invalid", f"json_schema is no JSON Schema: {where} is {_reason(error)}; correct it there")
    except (RecursionError, TypeError, ValueError) as error:
        reject("json_schema.invalid", f"json_schema cannot be read as a JSON Schema ({error}): simplify it")
    return Text(text, digest)


def _reason(error: Any) -> str:
    return f"{quoted(error.instance)}, which breaks {error.validator} {quoted(error.validator_value)}"
