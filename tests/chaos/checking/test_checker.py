"""The checker on histories written by hand: it finds exactly the anomalies."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.checker import anomalies_of
from tests.chaos.checking.checks_of_graph import graph_equals_the_model
from tests.chaos.checking.checks_of_inputs import (
    every_page_holds_its_records_once_in_order,
    with_mirrored,
    with_what_waits,
    without_lost,
)
from tests.chaos.checking.found_graph import FoundGraph, canonical_hash
from tests.chaos.checking.history import Line
from tests.model.naive_model import Graph

Check = Callable[[Sequence[Line]], Iterator[Finding]]


def line(what: str, at: float = 0.0, **told: Any) -> Line:
    return {"what": what, "at": at, **told}


def seen(committed: int, watermark: int, epoch: int = 0) -> Line:
    return line("seen", committed={"0": committed}, watermarks={"0": [watermark, epoch, "token"]})


NOTHING_YET = line("seen", committed={}, watermarks={})


def produced(number: int, page: str = "page", poison: str | None = None) -> Line:
    return line("produced", number=number, partition=0, offset=number, life=0, page=page, poison=poison)


def letter(number: int, offset: int | None = None, *, intact: bool = True) -> Line:
    place = {"partition": 0, "offset": number if offset is None else offset}
    return line("dead_letter", number=number, code="any", intact=intact, **place)


def page(*numbers: int, times: int | None = None) -> Line:
    return line("page", key="page", numbers=list(numbers), times=len(numbers) if times is None else times)


def claimed(at: float, token: str) -> Line:
    return line("claimed", at, began=at - 0.1, partition=0, token=token, pid=1)


def wrote(at: float, token: str) -> Line:
    return line("wrote", at, began=at - 0.1, partition=0, token=token, through=9, pid=1)


THREE = [produced(0), produced(1), produced(2)]
OF_ANY_WORKER = [
    ([seen(3, 2), seen(5, 4)], set()),
    ([seen(3, 4), seen(3, 2)], {Anomaly.WATERMARK_BACK}),
    ([seen(3, 4), seen(0, -1, epoch=1)], {Anomaly.COMMIT_BACK}),
    ([seen(3, 4), line("rewound"), seen(0, 4)], set()),
    ([seen(5, 4), line("recreated"), seen(5, -1, epoch=1), seen(2, 1, epoch=1)], set()),
    ([seen(5, 4), line("recreated"), seen(6, -1, epoch=1)], {Anomaly.COMMIT_AHEAD}),
    ([seen(4, 2)], {Anomaly.COMMIT_AHEAD}),
    ([seen(5, 4), line("restoring"), seen(5, -1), line("restored"), seen(5, 1), seen(2, 1), seen(5, 4)], set()),
    ([seen(5, 4), line("restoring"), line("restored"), seen(5, -1), seen(5, 6), seen(2, 7)], set()),
    ([seen(5, 4), line("restoring"), line("restored"), seen(7, 6), seen(2, 7)], {Anomaly.COMMIT_BACK}),
    ([seen(5, 4), line("restoring"), line("restored"), seen(2, 1), seen(4, 2)], {Anomaly.COMMIT_AHEAD}),
    ([NOTHING_YET, line("restoring"), line("restored"), seen(5, -1), seen(5, 4)], set()),
    ([line("stuck", told="here")], {Anomaly.STUCK}),
    ([line("half", keys=["a"], count=1)], {Anomaly.HALF_SEEN}),
    ([line("restoring"), line("half", keys=["a"], count=1), line("restored")], set()),
    ([line("memory", pid=1, mib=300)], set()),
    ([line("memory_bound", mib=200), line("memory", pid=1, mib=300)], {Anomaly.MEMORY}),
    ([claimed(1, "a"), wrote(2, "a"), claimed(3, "b"), wrote(4, "b")], set()),
    ([claimed(1, "a"), claimed(3, "b"), wrote(4, "a")], {Anomaly.FENCE_BROKEN}),
    ([claimed(1, "a"), claimed(3, "b"), wrote(3.05, "a")], set()),
    ([produced(0, poison="truncated"), letter(0)], set()),
    ([produced(0, poison="truncated")], {Anomaly.LOST}),
    ([produced(0, poison="truncated"), letter(0), letter(0)], set()),
    ([produced(0, poison="truncated"), letter(0), letter(0), letter(0)], {Anomaly.DEAD_LETTER_REPEATED}),
    ([produced(0), letter(0)], {Anomaly.WRONGLY_DEAD_LETTERED}),
    ([produced(0, poison="truncated"), letter(0, intact=False)], {Anomaly.DEAD_LETTER_CHANGED}),
    ([produced(0, poison="truncated"), letter(0, offset=7)], {Anomaly.DEAD_LETTER_CHANGED}),
]
OF_THE_LEDGER = [
    ([*THREE, page(0, 1, 2)], set()),
    ([*THREE, page(0, 2)], {Anomaly.LOST}),
    (THREE, {Anomaly.LOST}),
    ([*THREE, page(0, 1, 1, 2)], {Anomaly.DOUBLED}),
    ([*THREE, page(0, 1, 2, times=5)], {Anomaly.DOUBLED}),
    ([*THREE, page(0, 1, 2, times=2)], {Anomaly.LOST}),
    ([*THREE, page(0, 2, times=3)], {Anomaly.STATE_DIVERGED}),
    ([*THREE, page(0, 2, 1)], {Anomaly.REORDERED}),
    ([page(7)], {Anomaly.DOUBLED}),
    ([produced(0), produced(1, poison="negative"), page(0)], set()),
]


@pytest.mark.parametrize(
    ("check", "history", "named"),
    [(anomalies_of, *each) for each in OF_ANY_WORKER]
    + [(every_page_holds_its_records_once_in_order, *each) for each in OF_THE_LEDGER],
)
def test_a_history_is_judged(check: Check, history: list[Line], named: set[Anomaly]) -> None:
    assert {finding.anomaly for finding in check(history)} == named


def test_what_comes_after_a_bad_record_of_its_key_waits_with_a_strict_worker() -> None:
    keys = ["a", "b", "a", "b", "a"]
    lines = [
        produced(number, poison="truncated" if number == 2 else None) | {"key": key} for number, key in enumerate(keys)
    ]
    history = [*lines, letter(2), letter(4), page(0, 1, 3)]
    waiting = with_what_waits(history)
    assert [each["poison"] for each in waiting[:5]] == [None, None, "truncated", None, "parked"]
    assert not [*anomalies_of(waiting), *every_page_holds_its_records_once_in_order(waiting)]
    assert {each.anomaly for each in anomalies_of(history)} == {Anomaly.WRONGLY_DEAD_LETTERED}


def test_what_kafka_has_lost_counts_where_it_was_sent_again() -> None:
    again = produced(1) | {"offset": 5}
    history = [*THREE, line("lost", records=[produced(1)]), again, page(0, 2, 1)]

    assert without_lost(history) == [THREE[0], THREE[2], *history[3:]]
    assert not list(every_page_holds_its_records_once_in_order(without_lost(history)))
    assert {each.anomaly for each in every_page_holds_its_records_once_in_order(history)} == {Anomaly.LOST}


def test_what_a_mirror_has_copied_is_where_the_mirror_has_put_it() -> None:
    elsewhere = [letter(1, 3), page(0, 4)]
    history = [produced(0), produced(1, poison="truncated"), line("mirrored", places=[[0, 2], [1, 3]]), produced(4)]
    mirrored = with_mirrored([*history, *elsewhere])

    assert [each["offset"] for each in mirrored if each["what"] == "produced"] == [2, 3, 4]
    assert not list(anomalies_of(mirrored))
    assert {each.anomaly for each in anomalies_of([*history, *elsewhere])} == {Anomaly.DEAD_LETTER_CHANGED}


def model() -> Graph:
    graph = Graph()
    graph.relate(graph.node("Invocation", "n-a", id="1"), "USES_MODEL", graph.node("Model", "m"))
    return graph


def found() -> FoundGraph:
    return FoundGraph(dict(model().nodes), set(model().relationships))


def test_a_graph_that_is_the_models_passes() -> None:
    assert not list(graph_equals_the_model(model(), found()))


def test_a_graph_is_compared_by_nodes_properties_and_relationships() -> None:
    graph = found()
    del graph.nodes["Model", "m"]
    graph.nodes["Invocation", "n-a"] = {"id": "2"}
    graph.relate(("Invocation", "n-a"), "USES_MODEL", ("Model", "m"))
    anomalies = [finding.anomaly for finding in graph_equals_the_model(model(), graph)]
    assert anomalies == [Anomaly.LOST, Anomaly.DOUBLED, Anomaly.STATE_DIVERGED]


def test_the_hash_tells_graphs_apart_and_leaves_the_runs_name_out() -> None:
    graph, renamed = model(), Graph()
    renamed.relate(renamed.node("Invocation", "x-a", id="1"), "USES_MODEL", renamed.node("Model", "m"))
    assert canonical_hash(graph, "n-") == canonical_hash(renamed, "x-")
    assert canonical_hash(graph, "n-") != canonical_hash(renamed, "n-")
