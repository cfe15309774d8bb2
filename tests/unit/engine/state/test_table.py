import pytest

from workers.core.errors import Retryable
from workers.engine.state.entry import Entry
from workers.engine.state.table import StateTable
from workers.testing import FakeChangelog, FakeTable


def entry(partition: int, timestamp: int) -> Entry:
    return Entry(b"\0" * 16, 0, partition, 5, timestamp, b"state")


async def test_an_entry_the_changelog_did_not_take_is_not_in_the_table() -> None:
    table = StateTable(FakeTable(), FakeChangelog([], fail_next=[Retryable("away")]))
    with pytest.raises(Retryable):
        await table.put(0, {"a": entry(0, 1)})
    assert table.get("a") is None


async def test_only_quiet_entries_of_the_partition_expire_and_the_changelog_is_told() -> None:
    journal: list[str] = []
    table = StateTable(FakeTable(), FakeChangelog(journal))
    await table.put(0, {"old": entry(0, 1), "new": entry(0, 100)})
    await table.put(1, {"old elsewhere": entry(1, 1)})
    assert await table.expire(0, older_than_ms=50, max_entries=10) == 1
    assert len(table) == 2
    assert table.get("old") is None
    assert journal[-1] == "table ['old']"


async def test_entries_are_counted_by_how_their_keys_begin() -> None:
    table = StateTable(FakeTable(), FakeChangelog([]))
    await table.put(0, {"model/a": entry(0, 1), "model/b": entry(0, 1), "schema/a": entry(0, 1)})
    assert table.count("model/") == 2


async def test_of_too_many_entries_the_quietest_of_the_partition_go() -> None:
    table = StateTable(FakeTable(), FakeChangelog([]))
    await table.put(0, {name: entry(0, 100) for name in ("a", "b", "c", "d")})
    await table.put(1, {"elsewhere": entry(1, 100)})
    await table.put(0, {"a": entry(0, 100)})
    assert await table.expire(0, older_than_ms=50, max_entries=3) == 2
    assert [name for name in ("a", "b", "c", "d", "elsewhere") if table.get(name)] == ["a", "d", "elsewhere"]
