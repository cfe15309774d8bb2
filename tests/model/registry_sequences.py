"""Sequences of operations on a registry, drawn at random: one seed draws the same, wherever and whenever.

Not by hypothesis, whose draws are others when other modules have been loaded: a run that failed could not be played
again by itself. ``drawn`` gives them in the order in which they are to be done. Two writers who do them at the same
time meet in each registry, and neither knows what the other has written: deletes of rows that are gone, clocks that
contradict.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeAlias

from tests.model.registry_changes import Registry
from tests.model.registry_source import Row, Source

OPERATIONS = 25
"""Of one sequence."""
MODELS = 4
"""Of one registry; the sequences of both writers are of the same ones."""


class Put(NamedTuple):
    """Insert or update a row."""

    table: str
    row: Row

    def __call__(self, source: Source) -> None:
        source.put(self.table, self.row)


class Delete(NamedTuple):
    """Delete a row, if it is still there."""

    table: str
    key: tuple[str, ...]

    def __call__(self, source: Source) -> None:
        source.delete(self.table, *self.key)


Operation: TypeAlias = Put | Delete


class Recorder(Source):
    """Remembers what it was told to do, not what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []

    def put(self, table: str, row: Row, unsent: tuple[str, ...] = ()) -> None:
        super().put(table, row, unsent)
        self.operations.append(Put(table, dict(row)))

    def delete(self, table: str, *key: str) -> None:
        super().delete(table, *key)
        self.operations.append(Delete(table, key))

    def snapshot(self) -> None:
        """No writer can make the connector read all anew."""


def drawn(seed: int, name: str, sequences: int) -> Sequence[Sequence[Operation]]:
    """Draw for each of two writers ``sequences`` of 25 operations; every second is of a next registry of 4 models.

    The ids of a registry's rows start with ``name`` and its number.
    """
    return [
        [operation for number in range(sequences) for operation in _sequence(f"{seed} {writer} {number}", name, number)]
        for writer in range(2)
    ]


def _sequence(seed: str, name: str, number: int) -> Sequence[Operation]:
    random = Random(seed)  # noqa: S311 - reproducible by design
    registry, recorder = Registry(random, f"{name}-{number // 2:03d}", MODELS), Recorder()
    registry.source = recorder
    while len(recorder.operations) < OPERATIONS:
        registry.change()
    return recorder.operations
