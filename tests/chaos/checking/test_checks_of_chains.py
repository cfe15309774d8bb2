"""The checks of chains on chains written by hand: they find exactly the anomalies."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.chaos.checking.anomaly import Anomaly
from tests.chaos.checking.checks_of_chains import (
    chain_is,
    chains_never_begin_again,
    checkpoints_are_those_of_the_chains,
    events_are_joined_once,
    expected_chains,
    heads_are_those_of_the_events,
)
from tests.chaos.checking.history import Line
from tests.model.audit_edits import Node, chain_of, event, event_of, numbers

PLACE = ("audit-events", 1, "1")
NODES = chain_of([event(number, numbers(number)) for number in range(5)], PLACE)
EVENTS = [event_of(node) for node in NODES]


def chains(**lengths: int) -> Line:
    return {"what": "chains", "chains": lengths}


def what(name: str) -> Line:
    return {"what": name}


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ([chains(a=1), chains(a=1, b=2), chains(a=3, b=2)], 0),
        ([chains(a=3), chains(a=2)], 1),
        ([chains(a=3), what("restoring"), chains(), what("restored"), chains(a=2), chains(a=4)], 0),
        ([chains(a=3), what("emptied"), what("restoring"), what("restored"), chains(), chains(b=1)], 0),
        ([chains(a=3), what("emptied"), what("restoring"), what("restored"), chains(), chains(a=1)], 1),
    ],
)
def test_a_chain_that_begins_again_is_found(history: list[Line], found: int) -> None:
    assert [each.anomaly for each in chains_never_begin_again(history)] == [Anomaly.RESTARTED] * found


def edited(at: int, **properties: Any) -> list[Node]:
    return [{**node, **properties} if number == at else node for number, node in enumerate(NODES)]


@pytest.mark.parametrize(
    ("nodes", "anomalies"),
    [
        (NODES, set()),
        (NODES[:4], {Anomaly.LOST, Anomaly.CHAIN_BROKEN}),
        ([*NODES, {**NODES[4], "sequence": 6}], {Anomaly.DOUBLED, Anomaly.FORKED, Anomaly.CHAIN_BROKEN}),
        ([NODES[1], NODES[0], *NODES[2:]], {Anomaly.REORDERED, Anomaly.CHAIN_BROKEN}),
        (edited(2, prev_hash=NODES[1]["prev_hash"]), {Anomaly.FORKED, Anomaly.CHAIN_BROKEN}),
        (edited(2, sequence=7), {Anomaly.CHAIN_BROKEN}),
        (edited(2, prev_hash="00"), {Anomaly.CHAIN_BROKEN}),
        (edited(2, reason="another"), {Anomaly.CHAIN_BROKEN}),
    ],
)
def test_a_chain_is_compared_with_its_records(nodes: list[Node], anomalies: set[Anomaly]) -> None:
    assert {each.anomaly for each in chain_is(PLACE, EVENTS, nodes)} == anomalies


def test_an_event_counts_once_in_one_of_the_partitions_that_have_it() -> None:
    first, second, third = EVENTS[:3]
    log = [(0, first), (0, second), (0, first), (1, second), (1, third)]
    in_one = {each["audit_id"]: 1 for each in EVENTS}
    assert expected_chains(log, {}) == {0: [first, second], 1: [third]}
    assert expected_chains(log, in_one) == {0: [first], 1: [second, third]}


def test_a_head_that_is_not_the_last_event_is_found() -> None:
    head = {"partition": 1, "chain_id": "1", "length": 5, "head": NODES[4]["hash"]}
    assert not list(heads_are_those_of_the_events([head], NODES))
    for wrong in ([], [{**head, "length": 4}], [{**head, "head": NODES[3]["hash"]}]):
        assert [each.anomaly for each in heads_are_those_of_the_events(wrong, NODES)] == [Anomaly.CHAIN_BROKEN]


@pytest.mark.parametrize(("users", "contents", "anomalies"), [(1, 1, []), (0, 1, ["LOST"]), (1, 2, ["DOUBLED"])])
def test_an_event_is_joined_once(users: int, contents: int, anomalies: list[str]) -> None:
    found = list(events_are_joined_once([{"id": "e", "users": users, "contents": contents}]))
    assert [each.anomaly for each in found] == anomalies


def checkpoint(number: int, sequence: int, previous: bytes = b"", **other: Any) -> bytes:
    of_chain = {"partition": 1, "chain_id": "1", "number": number, "sequence": sequence}
    said = {"hash": NODES[sequence - 1]["hash"], "previous": sha256(previous).hexdigest() if previous else ""}
    return json.dumps(of_chain | said | other).encode()


FIRST = checkpoint(1, 2)
SECOND = checkpoint(2, 5, FIRST)


@pytest.mark.parametrize(
    ("history", "published", "anomalies"),
    [
        ([], [(FIRST, True), (SECOND, True), (SECOND, True)], []),
        ([], [(FIRST, True), (SECOND, False)], [Anomaly.UNSIGNED]),
        ([what("unsigned_allowed")], [(FIRST, True), (SECOND, False)], []),
        ([], [(FIRST, True), (checkpoint(2, 5, b"none"), True)], [Anomaly.CHAIN_BROKEN]),
        ([], [(checkpoint(1, 2, hash="00"), True)], [Anomaly.CHAIN_BROKEN]),
        ([], [], [Anomaly.LOST]),
    ],
)
def test_checkpoints_are_compared_with_the_chain(
    history: list[Line], published: list[tuple[bytes, bool]], anomalies: list[Anomaly]
) -> None:
    hashes = {(1, "1"): [node["hash"] for node in NODES]}
    found = checkpoints_are_those_of_the_chains(history, published, hashes)
    assert [each.anomaly for each in found] == anomalies
