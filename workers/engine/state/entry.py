"""A table value: a worker's state, with what the runtime must know of it."""

import struct
from typing import NamedTuple

_HEADER = struct.Struct(">16sIIqq")


class Entry(NamedTuple):
    """The state of one key as the table and its changelog hold it.

    ``lineage``, ``epoch``  which graph and which life of the topic ``offset`` counts in (see ``Claim``)
    ``partition``           the source partition, which is the changelog's too
    ``offset``              the last source offset folded in: what a crash replays is folded at most once
    ``timestamp``           the newest record timestamp folded in, epoch milliseconds: when the entry expires
    ``state``               the worker's own bytes
    """

    lineage: bytes
    epoch: int
    partition: int
    offset: int
    timestamp: int
    state: bytes

    def pack(self) -> bytes:
        """The bytes that the table stores."""
        return _HEADER.pack(self.lineage, self.epoch, self.partition, self.offset, self.timestamp) + self.state

    @classmethod
    def unpack(cls, packed: bytes) -> "Entry":
        """The inverse of ``pack``."""
        lineage, epoch, partition, offset, timestamp = _HEADER.unpack_from(packed)
        return cls(lineage, epoch, partition, offset, timestamp, packed[_HEADER.size :])
