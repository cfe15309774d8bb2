"""The format of a checkpoint: JSON in canonical form, and beside it the signature of these bytes."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import msgspec
import orjson

VERSION = 1
TOPIC = "audit-checkpoints"
SIGNATURE_HEADER = "signature"
"""The Kafka header with the signature, as Transit writes it: ``vault:v<version of the key>:<base64>``."""


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one chain stands.

    ``sequence``, ``hash``  of the last event; 0 and the chain's genesis where it has none
    ``previous``            SHA-256 (hex) of the canonical bytes of the chain's checkpoint before; empty for the first
    ``number``              counts the checkpoints of the chain from 1
    ``dead_letters``        offsets of the topic that became dead letters since the checkpoint before, ascending
    ``created_at``          ISO 8601 in UTC, with milliseconds
    """

    topic: str
    partition: int
    chain_id: str
    number: int
    sequence: int
    hash: str
    previous: str
    dead_letters: Sequence[int]
    created_at: str
    version: int = VERSION

    @property
    def canonical(self) -> bytes:
        """Return the bytes that are signed and published: RFC 8785, as all names and values are ASCII or numbers."""
        return orjson.dumps(msgspec.to_builtins(self), option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)

    @property
    def created_ms(self) -> int:
        """Return ``created_at`` in epoch milliseconds."""
        return round(datetime.fromisoformat(self.created_at).timestamp() * 1000)

    @property
    def digest(self) -> str:
        """Return what the next checkpoint holds as ``previous``."""
        return sha256(self.canonical).hexdigest()


_decoder = msgspec.json.Decoder(Checkpoint)


def read_checkpoint(value: bytes | None) -> Checkpoint | None:
    """Return the checkpoint of a record's value; ``None`` where it is none in canonical form."""
    try:
        checkpoint = _decoder.decode(value or b"")
    except msgspec.DecodeError:
        return None
    return checkpoint if checkpoint.version == VERSION and checkpoint.canonical == value else None
