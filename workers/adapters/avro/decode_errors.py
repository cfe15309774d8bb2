"""What is wrong with a value that fastavro cannot decode, in words that name the field and the fix."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from fastavro import schemaless_reader
from fastavro.read import SchemaResolutionError

from workers.adapters.avro.wire import SchemaName
from workers.core.errors import Rejected
from workers.core.stage import Stage
from workers.core.worker import DeadLetterCode

DEAD_LETTER_CODES = (
    DeadLetterCode(Stage.DECODE, "avro.bad_magic", "is not in Confluent wire format"),
    DeadLetterCode(Stage.DECODE, "avro.unknown_schema", "names a schema id that the schema registry does not have"),
    DeadLetterCode(Stage.DECODE, "avro.unexpected_record", "is of a record type that this topic does not take"),
    DeadLetterCode(Stage.DECODE, "avro.unresolvable", "has a writer schema that our reader schema cannot read"),
    DeadLetterCode(Stage.DECODE, "avro.truncated", "ends early"),
    DeadLetterCode(Stage.DECODE, "avro.trailing_bytes", "has bytes after its last field"),
    DeadLetterCode(Stage.DECODE, "avro.corrupt", "has bytes that do not fit its writer schema"),
    DeadLetterCode(Stage.DECODE, "avro.enum", "has an enum symbol that our schema does not have"),
    DeadLetterCode(Stage.DECODE, "value.tombstone", "has no value, on a topic without tombstones"),
)

ENDS_EARLY = "string index"
"""How fastavro's IndexError begins when a float or double is cut short; a wrong union branch is a ``list index``."""
NEGATIVE_LENGTH = "Expected -"
SHOWN_CHARACTERS = 120


def explain(error: Exception, schema_id: SchemaName, writer: Any, reader: Any, value: bytes) -> Rejected:
    """Class what fastavro raised for these Avro bytes as one of our codes.

    The message never quotes the value's text, only schema words: field names, enum symbols, numbers.
    """
    if isinstance(error, SchemaResolutionError):
        return _unresolvable(error, schema_id, writer, reader, value)
    where = f"{writer['name']} (schema {schema_id}), field {failing_field(writer, value)}"
    if isinstance(error, KeyError):
        problem = f"enum index {error} names no symbol: the bytes are corrupt, or were written with another schema"
        return Rejected(Stage.DECODE, "avro.enum", f"{where}: {problem}")
    if _ends_early(error):
        problem = f"the value ends early, after {len(value)} bytes: send it again whole"
        return Rejected(Stage.DECODE, "avro.truncated", f"{where}: {problem}")
    problem = f"corrupt bytes ({_reason(error)}): check that its id names the schema it was written with"
    return Rejected(Stage.DECODE, "avro.corrupt", f"{where}: {problem}")


def trailing_bytes(schema_id: SchemaName, record_name: str, left: int) -> Rejected:
    """Word that bytes are left over after the last field."""
    message = (
        f"{record_name} (schema {schema_id}): {left} bytes are left after the last field: "
        "check that its id names the schema it was written with"
    )
    return Rejected(Stage.DECODE, "avro.trailing_bytes", message)


def failing_field(writer: Any, value: bytes) -> str:
    """Name the record's field at which decoding fails."""
    source = BytesIO(value)
    try:
        for field in writer["fields"]:
            name: str = field["name"]
            schemaless_reader(source, _alone(writer, field))
    except Exception:  # noqa: BLE001 - corrupt besides: the resolution error is reported
        return name
    return "of unknown name"


def _alone(writer: Any, field: Any) -> Any:
    """Make a parsed record of one field, which sees the same named types as the whole record."""
    return {**writer, "fields": [field]}


def _unresolvable(error: Exception, schema_id: SchemaName, writer: Any, reader: Any, value: bytes) -> Rejected:
    where = f"{writer['name']} (schema {schema_id})"
    for name, symbol, known in _unknown_symbols(writer, reader, value):
        problem = f"enum symbol {symbol} is none of {', '.join(known)}: send one of these, or add it to our schema"
        return Rejected(Stage.DECODE, "avro.enum", f"{where}, field {name}: {problem}")
    problem = f"cannot be read with our schema ({_reason(error)}): register a writer schema compatible with it"
    return Rejected(Stage.DECODE, "avro.unresolvable", f"{where} {problem}")


def _unknown_symbols(writer: Any, reader: Any, value: bytes) -> Iterator[tuple[str, str, list[str]]]:
    """Find the record's own enum fields whose symbol is not among the reader's."""
    source = BytesIO(value)
    try:
        fields: Any = schemaless_reader(source, writer)
    except Exception:  # noqa: BLE001 - corrupt besides: the resolution error is reported
        return
    for field in reader["fields"]:
        known = _symbols(field["type"])
        symbol = fields.get(field["name"])
        if known and isinstance(symbol, str) and symbol not in known:
            yield field["name"], symbol, known


def _symbols(field_type: Any) -> list[str]:
    branches = field_type if isinstance(field_type, list) else [field_type]
    return [str(symbol) for branch in branches if isinstance(branch, dict) for symbol in branch.get("symbols", ())]


def _ends_early(error: Exception) -> bool:
    if isinstance(error, IndexError):
        return str(error).startswith(ENDS_EARLY)
    return isinstance(error, EOFError) and not str(error).startswith(NEGATIVE_LENGTH)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):  # its text quotes the value
        return f"not UTF-8 at byte {error.start} of a text of {len(error.object)}"
    return f"{type(error).__name__} {error}"[:SHOWN_CHARACTERS].strip()
