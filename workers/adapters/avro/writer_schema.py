"""What one writer schema means to us: how its records are read, or why none of them can be."""

from io import BytesIO
from typing import Any

from fastavro import schemaless_reader
from fastavro.schema import to_parsing_canonical_form

from workers.adapters.avro.decode_errors import explain, trailing_bytes
from workers.adapters.avro.wire import PREFIX_BYTES, SchemaName
from workers.core.errors import Rejected
from workers.core.record import Decoded
from workers.core.stage import Stage


class WriterSchema:
    """A writer schema that our reader schema of the same record can be resolved with, or that is read as it is.

    Where both describe the same bytes, values are read with the writer's alone: resolution doubles the cost.
    """

    expires_at = float("inf")

    def __init__(self, schema_id: SchemaName, writer: Any, reader: Any = None) -> None:
        self.schema_id = schema_id
        self.record_name: str = writer["name"]
        self.reader = None if reader is None or same_bytes(writer, reader) else reader
        self.writer = checked_symbols(writer)  # after the comparison: it changes what is compared

    def read(self, value: bytes, start: int = PREFIX_BYTES) -> Decoded:
        """Decode a value whose Avro begins at ``start``.

        Raises ``Rejected`` (DECODE) and nothing else, whatever the bytes are.
        """
        return self._read(value, start, self.reader)

    def read_as_written(self, value: bytes, start: int = PREFIX_BYTES) -> Decoded:
        """Decode a value in the shape of its writer's schema. Raises as ``read`` does."""
        return self._read(value, start, None)

    def _read(self, value: bytes, start: int, reader: Any) -> Decoded:
        source = BytesIO(value)
        source.seek(start)
        try:
            fields: Any = schemaless_reader(source, self.writer, reader)
        except Exception as error:
            raise explain(error, self.schema_id, self.writer, reader, value[start:]) from error
        if source.tell() != len(value):
            raise trailing_bytes(self.schema_id, self.record_name, len(value) - source.tell())
        return Decoded(self.record_name, fields)


class Unreadable:
    """A schema id whose records can never be decoded.

    ``expires_at`` is the monotonic second from which on the registry is asked again.
    """

    def __init__(self, code: str, message: str, expires_at: float = float("inf")) -> None:
        self.code = code
        self.message = message
        self.expires_at = expires_at

    def read(self, _value: bytes, _start: int = PREFIX_BYTES) -> Decoded:
        """Raise ``Rejected`` (DECODE), with the reason."""
        raise Rejected(Stage.DECODE, self.code, self.message)

    read_as_written = read


def same_bytes(writer: Any, reader: Any) -> bool:
    """Tell whether both schemas describe the same bytes and field names, documentation and defaults aside."""
    return bool(to_parsing_canonical_form(writer) == to_parsing_canonical_form(reader))


def checked_symbols(parsed: Any) -> Any:
    """Make fastavro refuse a negative enum index, by giving it symbols by number instead of a list.

    It indexes the list as Python does: -1, which only corrupt bytes say, would pass for the last symbol.
    """
    _number_symbols(parsed, set())
    return parsed


def _number_symbols(part: Any, seen: set[int]) -> None:
    if id(part) in seen or not isinstance(part, dict | list):
        return
    seen.add(id(part))
    if isinstance(part, dict) and part.get("type") == "enum":
        part["symbols"] = dict(enumerate(part["symbols"]))
        return
    for inner in part.values() if isinstance(part, dict) else part:
        _number_symbols(inner, seen)
