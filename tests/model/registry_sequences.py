"""Sequences of operations on a registry, drawn by hypothesis: one seed draws the same, wherever and whenever.

``drawn`` gives them in the order in which they are to be done. Two writers who do them at the same time meet in each
registry, and neither knows what the other has written: deletes of rows that are gone, clocks that contradict.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple, TypeAlias

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.model.registry_changes import Registry
from tests.model.registry_source import Row, Source

OPERATIONS = 25
"""Of one sequence; some twice as many would need more bytes than hypothesis draws for one example."""
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


def drawn(seed_: int, name: str, sequences: int) -> Sequence[Sequence[Operation]]:
    """Draw for each of two writers ``sequences`` of 25 operations; every second is of a next registry of 4 models.

    The ids of a registry's rows start with ``name`` and its number.
    """
    recorders: list[Recorder] = []

    @seed(seed_)
    @settings(
        max_examples=2 * sequences,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def draw(random: Random) -> None:
        recorders.append(_recorded(random, f"{name}-{len(recorders) // 4:03d}"))

    draw()
    assert len(recorders) == 2 * sequences, f"hypothesis drew {len(recorders)} sequences, not {2 * sequences}"
    return [_joined(recorders[0::2]), _joined(recorders[1::2])]


def _recorded(random: Random, name: str) -> Recorder:
    registry, recorder = Registry(random, name, MODELS), Recorder()
    registry.source = recorder
    while len(recorder.operations) < OPERATIONS:
        registry.change()
    return recorder


def _joined(recorders: Iterable[Recorder]) -> list[Operation]:
    return [operation for recorder in recorders for operation in recorder.operations]
