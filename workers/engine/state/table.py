"""The cache of states, in a Faust table. Any entry may be missing at any time."""

import struct
from collections.abc import Mapping
from typing import Any

_CLAIM = struct.Struct(">Q")


class StateTable:
    """States by key, as bytes, of all claimed partitions of a process; the latest ``max_entries`` of them.

    Each entry belongs to one claim (``claim``: its number in this process). The state of an earlier claim may be behind
    what another process has written since, so it is never returned.
    """

    def __init__(self, table: Any, max_entries: int) -> None:
        self._table = table
        self._max_entries = max_entries
        self._claims = 0

    def __len__(self) -> int:
        return len(self._table.data)

    def new_claim(self) -> int:
        """Return the number of a new claim, under which nothing is cached yet."""
        self._claims += 1
        return self._claims

    def get(self, claim: int, key: str) -> bytes | None:
        """Return the state of a key, ``None`` where the cache does not have it."""
        entry: bytes | None = self._table.data.get(key.encode())
        if entry is None or _CLAIM.unpack_from(entry) != (claim,):
            return None
        return entry[_CLAIM.size :]

    def put(self, claim: int, states: Mapping[str, bytes]) -> None:
        """Keep states that the graph has, and remove those that have not changed for longest."""
        data, number = self._table.data, _CLAIM.pack(claim)
        for key, state in states.items():
            data[encoded := key.encode()] = number + state
            data.move_to_end(encoded)
        while len(data) > self._max_entries:
            data.popitem(last=False)
