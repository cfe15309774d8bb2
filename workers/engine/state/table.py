"""The cache of states, in a Faust table. Any entry may be missing at any time."""

import struct
from collections import OrderedDict
from collections.abc import Mapping

from workers.config.takes_effect import Now

_CLAIM = struct.Struct(">Q")


class StateTable:
    """States by key, as bytes, of all claimed partitions of a process; the latest ``max_entries`` of them.

    ``entries`` is the memory of the table, in the order of the last change. Each entry belongs to one claim (``claim``:
    its number in this process). The state of an earlier claim may be behind what another process has written since, so
    it is never returned.
    """

    def __init__(self, entries: "OrderedDict[bytes, bytes]", max_entries: Now[int]) -> None:
        self._entries = entries
        self._max_entries = max_entries
        self._claims = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def claims(self) -> int:
        """Return how many claims there were."""
        return self._claims

    def new_claim(self) -> int:
        """Return the number of a new claim, under which nothing is cached yet."""
        self._claims += 1
        return self._claims

    def get(self, claim: int, key: str) -> bytes | None:
        """Return the state of a key, ``None`` where the cache does not have it."""
        entry = self._entries.get(key.encode())
        if entry is None or _CLAIM.unpack_from(entry) != (claim,):
            return None
        return entry[_CLAIM.size :]

    def put(self, claim: int, states: Mapping[str, bytes]) -> None:
        """Keep states that the graph has, and remove those that have not changed for longest."""
        entries, number = self._entries, _CLAIM.pack(claim)
        for key, state in states.items():
            entries[encoded := key.encode()] = number + state
            entries.move_to_end(encoded)
        most = self._max_entries()
        while len(entries) > most:
            entries.popitem(last=False)
