from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP

from workers.engine.state.entry import Entry
from workers.engine.state.store import StateStore

OURS, ANOTHER_GRAPH = b"\1" * 16, b"\2" * 16


@pytest.fixture
def store() -> StateStore:
    app = faust.App("toy", broker="kafka://127.0.0.1:1")
    table: Any = SimpleNamespace(name="state")
    return StateStore("memory://", app, table)


def entry(offset: int, *, lineage: bytes = OURS, epoch: int = 0, partition: int = 0) -> bytes:
    return Entry(lineage, epoch, partition, offset, 0, b"state").pack()


def recover(store: StateStore, *changes: tuple[bytes, bytes | None]) -> None:
    events: list[Any] = [SimpleNamespace(message=SimpleNamespace(key=key, value=value)) for key, value in changes]
    store.apply_changelog_batch(events, bytes, bytes)


def test_a_zombie_s_late_entry_does_not_bring_back_what_the_next_owner_has_moved_on_from(store: StateStore) -> None:
    recover(store, (b"a", entry(5)), (b"a", entry(9)), (b"a", entry(5)))
    assert store.data == {b"a": entry(9)}


def test_after_a_topic_was_recreated_its_smaller_offsets_are_the_newer_ones(store: StateStore) -> None:
    recover(store, (b"a", entry(9)), (b"a", entry(0, epoch=1)), (b"a", entry(9)))
    assert store.data == {b"a": entry(0, epoch=1)}


def test_between_two_graphs_the_later_in_the_log_counts(store: StateStore) -> None:
    recover(store, (b"a", entry(9)), (b"a", entry(0, lineage=ANOTHER_GRAPH)))
    assert store.data == {b"a": entry(0, lineage=ANOTHER_GRAPH)}


def test_a_tombstone_forgets(store: StateStore) -> None:
    recover(store, (b"a", entry(9)), (b"a", None))
    assert store.data == {}


async def test_entries_of_partitions_that_others_hold_are_forgotten(store: StateStore) -> None:
    recover(store, (b"a", entry(1, partition=0)), (b"b", entry(1, partition=1)))
    await store.on_recovery_completed({TP("changelog", 1)}, set())
    assert list(store.data) == [b"b"]
