"""What a worker reads again, from a topic's offsets and the marks of a backup."""

import pytest

from workers.ops.backup.manifest import Mark
from workers.ops.backup.read_again import FROM_PRODUCERS, Log, counted


def mark(partition: int, offset: int, topic_id: str = "id") -> Mark:
    return Mark(worker="any", topic="calls", partition=partition, offset=offset, epoch=0, topic_id=topic_id)


@pytest.mark.parametrize(
    ("begins", "ends", "marks", "again", "gone"),
    [
        pytest.param({0: 0}, {0: 10}, [mark(0, 9)], 0, 0, id="nothing came since"),
        pytest.param({0: 0}, {0: 10}, [mark(0, 4)], 5, 0, id="five came since"),
        pytest.param({0: 5}, {0: 10}, [mark(0, 4)], 5, 0, id="the first of them is just kept"),
        pytest.param({0: 6}, {0: 10}, [mark(0, 4)], 4, 1, id="the first of them is gone"),
        pytest.param({0: 10}, {0: 10}, [mark(0, 4)], 0, 5, id="all of them are gone"),
        pytest.param({0: 3}, {0: 10}, [mark(0, 9)], 0, 0, id="what is gone is in the backup"),
        pytest.param({0: 2}, {0: 10}, [], 8, 2, id="the backup has nothing of the partition"),
        pytest.param({0: 0, 1: 7}, {0: 10, 1: 9}, [mark(0, 4), mark(1, 4)], 7, 2, id="partitions are added up"),
    ],
)
def test_records_after_the_backup_are_read_again_or_gone(
    begins: dict[int, int], ends: dict[int, int], marks: list[Mark], again: int, gone: int
) -> None:
    found = counted("telemetry", "calls", Log("id", begins, ends), marks)
    assert (found.again, found.gone, found.recreated) == (again, gone, False)
    assert found.command == (FROM_PRODUCERS if gone else None)


def test_a_topic_that_was_created_again_is_read_from_its_beginning() -> None:
    found = counted("telemetry", "calls", Log("another", {0: 0}, {0: 3}), [mark(0, 9)])
    assert (found.again, found.gone, found.recreated, found.command) == (3, 0, True, FROM_PRODUCERS)


def test_the_registry_s_rows_come_by_a_snapshot() -> None:
    found = counted("registry", "calls", Log("id", {0: 6}, {0: 10}), [mark(0, 4)])
    assert (found.command or "").startswith("memory-graph registry resnapshot --execute --why ")
