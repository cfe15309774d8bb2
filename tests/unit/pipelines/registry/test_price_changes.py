"""Prices that change under an unchanged effective_from."""

from datetime import UTC, datetime
from typing import Any

from tests.model.registry_source import BEGINS, Change, change, jsonb
from tests.unit.pipelines.registry.applied_plan import AppliedGraph
from tests.unit.pipelines.registry.driven import Table, worker
from workers.pipelines.registry.fold.price_periods import PricePeriods
from workers.pipelines.registry.fold.state import Conflict
from workers.pipelines.registry.options import Merge

OCTOBER, NEXT_YEAR = "2023-10-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z"
MINUTE = 60_000


def iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"


def row(usd: float, minute: int, since: str = OCTOBER, **more: Any) -> Change:
    """Return a change of the row's price that is committed ``minute`` minutes after the first one."""
    cost = jsonb({"input": usd, "output": usd})
    columns = {"model_id": "m", "provider": "p", "effective_from": since, "cost_per_1k_tokens": cost, "metadata": "{}"}
    return change("models", "u", columns | more, lsn=minute + 1, ts_ms=BEGINS + minute * MINUTE)


class History:
    """What a log comes to: the graph's prices, and the conflicts."""

    def __init__(self, *log: Change, policy: str = "append") -> None:
        merge = Merge.model_validate({"prices": {"same_effective_from": policy}})
        self.table, self.graph = Table(worker(merge=merge)), AppliedGraph()
        self.conflicts: list[tuple[str, str]] = []
        for each in log:
            self.graph.apply(self.table.take([each]))
            self.conflicts += [found[:2] for found in self.table.observations if isinstance(found, Conflict)]

    @property
    def prices(self) -> list[tuple[str, str, str | None]]:
        """Return price, start and end of each period that has a length, in order."""
        nodes = [shown for (label, _), shown in self.graph.nodes.items() if label == "Price"]
        found = sorted((each["effective_from"], each.get("effective_to"), each["input"]) for each in nodes)
        return [(usd, iso(since), until and iso(until)) for since, until, usd in found if until != since]

    @property
    def lost(self) -> list[str]:
        history = self.graph.nodes["Model", "m"]["history"]
        return [each["lost"]["cost_per_1k_tokens"]["input"] for each in history]


AT_5 = iso(BEGINS + 5 * MINUTE)
CONFLICT = "price_same_effective_from"


def test_a_price_that_changes_alone_holds_from_its_commit_and_the_past_stays_paid() -> None:
    played = History(row(1, 0), row(2, 5))
    assert played.prices == [("1", OCTOBER, AT_5), ("2", AT_5, None)]
    assert (played.conflicts, played.lost) == ([(CONFLICT, "append")], ["1"])


def test_it_corrects_the_row_where_the_topology_says_so() -> None:
    played = History(row(1, 0), row(2, 5), policy="correct")
    assert played.prices == [("2", OCTOBER, None)]
    assert (played.conflicts, played.lost) == ([(CONFLICT, "correct")], ["1"])


def test_a_correction_also_replaces_what_was_appended_before() -> None:
    appended = History(row(1, 0), row(2, 5))
    corrected = History(policy="correct")
    corrected.table.states, corrected.graph = appended.table.states, appended.graph
    corrected.graph.apply(corrected.table.take([row(3, 9)]))
    assert corrected.prices == [("3", OCTOBER, None)]


def test_each_change_begins_at_its_own_commit() -> None:
    played = History(row(1, 0), row(2, 5), row(3, 9))
    at_9 = iso(BEGINS + 9 * MINUTE)
    assert played.prices == [("1", OCTOBER, AT_5), ("2", AT_5, at_9), ("3", at_9, None)]
    assert played.lost == ["1", "2"]


def test_a_price_of_the_future_is_corrected_before_it_begins() -> None:
    played = History(row(1, 0, NEXT_YEAR), row(2, 5, NEXT_YEAR))
    assert played.prices == [("2", NEXT_YEAR, None)]
    assert (played.conflicts, played.lost) == ([(CONFLICT, "append")], ["1"])


def test_a_price_with_a_start_of_its_own_replaces_what_was_appended_after_it() -> None:
    november = "2023-11-01T00:00:00.000Z"
    played = History(row(1, 0), row(2, 5), row(3, 9, november))
    assert played.prices == [("1", OCTOBER, november), ("3", november, None)]
    assert played.conflicts == [(CONFLICT, "append")]


def test_what_is_no_price_is_corrected_in_place_and_is_no_conflict() -> None:
    played = History(row(1, 0), row(1, 5, context_window=8, version="2024-01-01"))
    assert (played.prices, played.conflicts) == ([("1", OCTOBER, None)], [])
    (price,) = [shown for (label, _), shown in played.graph.nodes.items() if label == "Price"]
    assert (price["context_window"], price["version"]) == (8, "2024-01-01")


def test_tiers_are_a_part_of_the_price() -> None:
    tiers = {"input": [{"above_tokens": 200_000, "per_1k_tokens": 4}]}
    played = History(row(1, 0), row(1, 5, metadata=jsonb({"price_tiers": tiers})))
    assert played.conflicts == [(CONFLICT, "append")]
    assert [start for _, start, _ in played.prices] == [OCTOBER, AT_5]


def test_a_redelivered_change_and_a_snapshot_change_nothing() -> None:
    log = [row(1, 0), row(2, 5), row(3, 9)]
    once, again = History(*log), History(*log, log[1], log[0], log[2], row(3, 20))
    assert (again.prices, again.lost) == (once.prices, once.lost)


def test_states_of_older_versions_have_one_price_a_row() -> None:
    periods = PricePeriods.load([[10, "1", 8, ["1", "2", None, None]], [20, None, None, ["3", "4", None, None]]])
    dumped = periods.dump()
    assert [each[:3] + each[6:] for each in dumped] == [[10, "1", 8, 10, False], [20, None, None, 20, False]]
    assert PricePeriods.load(dumped).dump() == dumped


def test_a_price_before_a_replaced_one_holds_longer() -> None:
    november_1, november_10 = "2023-11-01T00:00:00.000Z", "2023-11-10T00:00:00.000Z"
    played = History(row(1, 0), row(3, 1, november_10), row(2, 5), row(4, 6, november_1))
    # In the fifth minute the row went back to October, and that price ends with the one of 1 November.
    assert played.prices == [
        ("1", OCTOBER, november_1),
        ("4", november_1, november_10),
        ("3", november_10, None),
    ]
