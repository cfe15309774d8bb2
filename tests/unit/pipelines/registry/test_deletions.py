"""Deletions that were lost with a part of the log: which rows a state still has, and what their deletion does to it."""

import pytest

from tests.model.registry_source import BEGINS, KEYS, Change, change
from tests.unit.pipelines.registry.driven import Table
from tests.unit.pipelines.registry.rows import ROWS
from workers.pipelines.registry.deletions import TABLES, deletion_of, rows_present, table_of
from workers.pipelines.registry.events import Deletion, Position

ABOUT = {"by": "ada", "why": "a replica took over"}
HIGH, LOW = 9_000, 2_000
"""Positions of the old primary, and of the new one, whose log begins before."""


def present(table: Table) -> list[Deletion]:
    return [row for key in table.states for row in rows_present(table.load(key))]


def key_of(table: str) -> tuple[str, ...]:
    return tuple(ROWS[table][column] for column in KEYS[table])


def sent_again(row: Deletion, lsn: int, ts_ms: int) -> Change:
    return Change(row[0].encode(), deletion_of(row, Position(lsn, ts_ms), ABOUT))


@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_present_until_its_deletion(table: str) -> None:
    states = Table()
    states.take([change(table, "c", ROWS[table], HIGH, BEGINS)])
    (row,) = present(states)
    assert (table_of(row), tuple(row)) == (table, key_of(table))
    states.take([sent_again(row, LOW, BEGINS + 1)])
    assert present(states) == [], "the new primary's log begins before, and its clock is later"


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_comes_back_meanwhile_stays_in_whichever_order_they_come(table: str) -> None:
    for order in (1, -1):
        states = Table()
        states.take([change(table, "c", ROWS[table], HIGH, BEGINS)])
        (row,) = present(states)
        # The transaction had begun before the rows were read, and was committed later.
        back = change(table, "c", ROWS[table], LOW + 10, BEGINS + 2)
        for each in [sent_again(row, LOW, BEGINS + 1), back][::order]:
            states.take([each])
        assert present(states) == [row]


def test_rows_that_were_only_named_are_not_present() -> None:
    states = Table()
    states.take([change("model_versions", "c", ROWS["model_versions"], HIGH, BEGINS)])
    assert [table_of(row) for row in present(states)] == ["model_versions"], "its model has no row of its own"
