"""Random sequences of operations on a registry, derived only from the seed.

Not from hypothesis, whose draws depend on the loaded modules: a failed run could not be repeated
alone. ``drawn`` returns them in the order of execution. Two writers run them in parallel
on the same registries, without knowing each other's writes: so they delete rows that are gone, and their clocks
conflict.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeAlias

from tests.model.registry_changes import Registry
from tests.model.registry_source import Row, Source

OPERATIONS = 25
"""Operations in one sequence."""
MODELS = 4
"""Models in one registry; both writers' sequences use the same ones."""


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
    """Records the requested operations, not their results."""

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
        """Do nothing: a writer cannot start a snapshot."""


def drawn(seed: int, name: str, sequences: int) -> Sequence[Sequence[Operation]]:
    """Draw ``sequences`` sequences of 25 operations for each of two writers.

    Every two sequences use another registry of 4 models, whose ids start with ``name`` and its number.
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
