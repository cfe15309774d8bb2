from collections import OrderedDict

from workers.engine.state.table import StateTable


def test_a_state_of_an_earlier_claim_is_never_returned() -> None:
    table = StateTable(OrderedDict(), lambda: 10)
    first, second = table.new_claim(), table.new_claim()
    table.put(first, {"a": b"before"})
    assert table.get(first, "a") == b"before"
    assert table.get(second, "a") is None
    table.put(second, {"a": b"after"})
    assert (table.get(first, "a"), table.get(second, "a")) == (None, b"after")


def test_of_too_many_states_those_that_have_not_changed_for_longest_are_removed() -> None:
    table = StateTable(OrderedDict(), lambda: 2)
    claim = table.new_claim()
    table.put(claim, {"a": b"1", "b": b"1"})
    table.put(claim, {"a": b"2"})
    table.put(claim, {"c": b"1"})
    assert [table.get(claim, key) for key in ("a", "b", "c")] == [b"2", None, b"1"]
    assert len(table) == 2


def test_a_table_of_no_entries_keeps_none() -> None:
    table = StateTable(OrderedDict(), lambda: 0)
    table.put(claim := table.new_claim(), {"a": b"1"})
    assert table.get(claim, "a") is None
