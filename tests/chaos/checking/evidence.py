"""The workers' history so far, for faults that wait for an event."""

import sys
from collections import Counter
from pathlib import Path

from tests.chaos.checking.history import Tail
from tests.chaos.running.points import Point
from tests.chaos.running.worker_process import WorkerProcess


class Evidence:
    """Reads the history; each call continues where the last one ended."""

    def __init__(self, history: Path) -> None:
        self._tail = Tail(history)
        self._claims: dict[int, list[tuple[float, int]]] = {}
        self._writes: dict[int, list[float]] = {}
        self._lettered: dict[int, int] = {}
        self._through: dict[int, int] = {}
        self._struck: set[tuple[int, str]] = set()
        self._assigned: dict[int, tuple[float, frozenset[int]]] = {}
        self._counted: Counter[str] = Counter()
        self._checkpoints = {True: 0, False: 0}
        self._signed: set[str] = set()

    def claims_of(self, worker: WorkerProcess, since: float = 0.0) -> set[int]:
        """Return the partitions that the worker has claimed since a monotonic time."""
        self._read()
        return {partition for at, partition in self._claims.get(worker.pid, ()) if at >= since}

    def writes_of(self, worker: WorkerProcess, begun_since: float = 0.0) -> int:
        """Return how many batches the worker has written that began after a monotonic time."""
        self._read()
        return sum(began >= begun_since for began in self._writes.get(worker.pid, ()))

    def writes(self) -> int:
        """Return how many batches all workers have written."""
        self._read()
        return sum(map(len, self._writes.values()))

    def has_written_past_its_first_dead_letter(self, worker: WorkerProcess) -> bool:
        """Return whether the worker wrote past the first record that it was to dead-letter."""
        self._read()
        return self._through.get(worker.pid, -1) >= self._lettered.get(worker.pid, sys.maxsize)

    def has_struck(self, worker: WorkerProcess, point: Point) -> bool:
        """Return whether the worker was struck at the point."""
        self._read()
        return (worker.pid, point) in self._struck

    def assigned_to(self, worker: WorkerProcess, since: float = 0.0) -> frozenset[int]:
        """Return the worker's latest partitions, if assigned after a monotonic time."""
        self._read()
        at, partitions = self._assigned.get(worker.pid, (0.0, frozenset[int]()))
        return partitions if at >= since else frozenset()

    def has_no_partition(self, worker: WorkerProcess) -> bool:
        """Return whether the worker's latest assignment was empty."""
        self._read()
        return worker.pid in self._assigned and not self._assigned[worker.pid][1]

    def produced(self) -> int:
        """Return how many records Kafka has confirmed."""
        self._read()
        return self._counted["produced"]

    def halves(self) -> int:
        """Return how often the witness has seen a part of a transaction."""
        self._read()
        return self._counted["half"]

    def checkpoints(self, *, signed: bool) -> int:
        """Return how many checkpoints the workers have published with a signature, or without."""
        self._read()
        return self._checkpoints[signed]

    def signed_chains(self) -> frozenset[str]:
        """Return the ids of the chains that have a checkpoint with a signature."""
        self._read()
        return frozenset(self._signed)

    def objects(self) -> int:
        """Return how many objects the workers have put into the archive, or found there."""
        self._read()
        return self._counted["object"]

    def close(self) -> None:
        self._tail.close()

    def _read(self) -> None:
        for line in self._tail.fresh():
            match line["what"]:
                case "claimed":
                    self._claims.setdefault(line["pid"], []).append((line["at"], line["partition"]))
                case "wrote":
                    self._writes.setdefault(line["pid"], []).append(line["began"])
                    self._through[line["pid"]] = line["through"]
                case "dead_lettering":
                    self._lettered.setdefault(line["pid"], line["offset"])
                case "struck":
                    self._struck.add((line["pid"], line["point"]))
                case "assigned":
                    self._assigned[line["pid"]] = line["at"], frozenset(line["partitions"])
                case "produced" | "half" | "object" as what:
                    self._counted[what] += 1
                case "checkpoint":
                    self._checkpoints[line["signed"]] += 1
                    self._signed |= {line["chain"]} if line["signed"] else set()
