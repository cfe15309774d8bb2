"""Which traces are compared: a share of them by a hash of trace_id, in slices that fit into memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from math import ceil

SLICE_RECORDS = 100_000
"""Records that are kept folded at once: 65 MB of random traffic. A partition with more is read once for each slice."""
DEFAULT_RECORDS = 100_000
"""Without an option, as many traces as have about so many records."""
_BYTES = 8
_BITS = 53
"""What a float holds exactly: so no hash is rounded up to 1."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Keys whose hash is from ``begin`` to before ``end``, both from 0 to 1. Another seed chooses others."""

    begin: float
    end: float
    seed: int

    def has(self, key: bytes) -> bool:
        """Tell whether a key, a trace_id in UTF-8, is chosen."""
        digest = blake2b(key, digest_size=_BYTES, key=self.seed.to_bytes(_BYTES, "big", signed=True)).digest()
        place: float = (int.from_bytes(digest, "big") >> (8 * _BYTES - _BITS)) / 2**_BITS
        return self.begin <= place < self.end

    def parts(self, records: int) -> Iterator["Slice"]:
        """Yield slices of this one for a partition with ``records`` records, each small enough for the memory."""
        share = self.end - self.begin
        count = max(1, ceil(records * share / SLICE_RECORDS))
        edges = [self.begin + share * number / count for number in range(count)] + [self.end]
        for begin, end in pairwise(edges):
            yield Slice(begin, end, self.seed)


def default_share(records: int) -> float:
    """Return the share of a topic with ``records`` records that is compared by default, from 0 to 1."""
    return min(1.0, DEFAULT_RECORDS / records) if records else 1.0
