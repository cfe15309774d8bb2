"""One worker of a rebuild: when it claims, and what it does after an error."""

from types import SimpleNamespace
from typing import Any

import pytest

from workers.core.errors import Unreachable
from workers.ops.graph_check.watermarks import Log, PartitionMark
from workers.ops.rebuild import worker as module
from workers.ops.rebuild.worker import WorkerFold
from workers.testing import WorkerUnderTest


class Folds:
    """Partitions that fold nothing. ``fails`` is raised by each of the next."""

    def __init__(self, patch: pytest.MonkeyPatch, fails: list[Exception]) -> None:
        self.journal: list[str] = []
        self.fails = fails
        patch.setattr(module, "PartitionFold", self._partition)
        worker = WorkerUnderTest(_spec())
        shared: Any = SimpleNamespace(sinks=worker.sinks)
        letters: Any = SimpleNamespace(read=lambda: self.journal.append("letters"))
        writer: Any = worker.graph
        not_sent: Any = None
        self.fold = WorkerFold(shared, writer, letters, not_sent, worker.health, lambda _: None)

    def _partition(self, claim: Any, *_: object) -> Any:
        self.journal.append(f"claimed {claim.topic_partition.partition}")

        async def fold_before(end: int) -> None:
            self.journal.append(f"{claim.topic_partition.partition} before {end}")
            if self.fails:
                raise self.fails.pop()

        return SimpleNamespace(fold_before=fold_before)


def _spec() -> Any:
    from tests.unit.ops.rebuild.test_partition import spec  # noqa: PLC0415 - its fixture is for its own tests

    return spec(frozenset())


def mark(partition: int, committed: int, again: int) -> PartitionMark:
    return PartitionMark("numbers", "calls", partition, None, Log("id", 0, 20), committed, again=again)


async def test_letters_are_read_first_and_a_partition_is_claimed_once_it_has_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folds = Folds(monkeypatch, [])
    await folds.fold.fold([mark(0, 7, 7), mark(1, 0, 0)])
    await folds.fold.fold([mark(0, 9, 2), mark(1, 0, 0)])
    assert folds.journal == ["letters", "claimed 0", "0 before 7", "letters", "0 before 9"]


async def test_a_commit_beyond_the_topic_s_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    folds = Folds(monkeypatch, [])
    await folds.fold.fold([mark(0, 900, 20)])
    assert folds.journal[-1] == "0 before 20"


async def test_after_an_error_partitions_are_claimed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    folds = Folds(monkeypatch, [Unreachable("Kafka is away")])
    with pytest.raises(Unreachable, match="Kafka is away"):
        await folds.fold.fold([mark(0, 7, 7)])
    await folds.fold.fold([mark(0, 7, 7)])
    assert folds.journal.count("claimed 0") == 2


async def test_a_bug_beside_the_batches_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    folds = Folds(monkeypatch, [])
    folds.fold.failures.append(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await folds.fold.fold([])
