"""The history: one JSON line per event, from the scenario and its workers."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class History:
    """Appends lines from any number of threads and processes; ``at`` is monotonic seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(self, what: str, **told: Any) -> None:
        """Write one line immediately and atomically."""
        assert not told.keys() & {"at", "what"}
        line = {"at": round(time.monotonic(), 6), "what": what, **told}
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def lines(self) -> Iterator[Line]:
        """Read all lines so far."""
        with self.path.open() as file:
            yield from map(json.loads, file)

    def close(self) -> None:
        os.close(self._file)


class Tail:
    """Reads the file while it grows, each line once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open()
        self._rest = ""

    def fresh(self) -> Iterator[Line]:
        """Return the lines written since the last call."""
        *whole, self._rest = (self._rest + self._file.read()).split("\n")
        yield from map(json.loads, whole)

    def close(self) -> None:
        self._file.close()
