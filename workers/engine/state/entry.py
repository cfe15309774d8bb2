"""A table value: a worker's state with the engine's bookkeeping."""

import struct
from typing import NamedTuple

_HEADER = struct.Struct(">16sIIqq")


class Entry(NamedTuple):
    """The state of one key in the table and its changelog.

    ``lineage``, ``epoch``  the graph and the recreation of the topic that ``offset`` belongs to (see ``Claim``)
    ``partition``           the source partition, which is also the partition of the changelog
    ``offset``              the last source offset that is folded in, so that a replay folds each event once
    ``timestamp``           the newest record timestamp that is folded in, epoch milliseconds: the entry expires by it
    ``state``               the bytes of the worker's state
    """

    lineage: bytes
    epoch: int
    partition: int
    offset: int
    timestamp: int
    state: bytes

    def pack(self) -> bytes:
        """Return the bytes for the table."""
        return _HEADER.pack(self.lineage, self.epoch, self.partition, self.offset, self.timestamp) + self.state

    @classmethod
    def unpack(cls, packed: bytes) -> "Entry":
        """Return the entry of packed bytes."""
        lineage, epoch, partition, offset, timestamp = _HEADER.unpack_from(packed)
        return cls(lineage, epoch, partition, offset, timestamp, packed[_HEADER.size :])
