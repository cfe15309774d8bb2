"""The end-to-end test of the registry can fail: a change that is lost and a rule that is not kept are seen."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.model import naive_registry as rules
from tests.model.graph_differences import differences
from tests.model.naive_model import Graph
from tests.model.naive_registry import naive_registry
from tests.model.registry_sequences import Operation, drawn
from tests.model.registry_source import Change, Source


@pytest.fixture(scope="module")
def sequences() -> Sequence[Sequence[Operation]]:
    return drawn(11, "r", 8)


@pytest.fixture(scope="module")
def log(sequences: Sequence[Sequence[Operation]]) -> list[Change]:
    """What the topic holds when both write in turns."""
    source = Source()
    for operations in zip(*sequences, strict=True):
        for operation in operations:
            operation(source)
    return source.log


def test_one_seed_draws_the_same_and_another_does_not(sequences: Sequence[Sequence[Operation]]) -> None:
    assert drawn(11, "r", 8) == sequences
    assert drawn(12, "r", 8) != sequences


def test_equal_graphs_have_no_differences(log: list[Change]) -> None:
    assert differences(naive_registry(log), naive_registry(log)) == []


def test_a_delete_that_is_lost_is_seen() -> None:
    source = Source()
    source.put("capabilities", {"model_id": "m", "capability": "chat", "added_at": "2024-01-01T00:00:00Z"})
    source.delete("capabilities", "m", "chat")
    assert differences(naive_registry(source.log[:-1]), naive_registry(source.log))


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("_clock", lambda row: {}),
        ("_micros", lambda text: 0),
        ("_capability", lambda model, fields, row: None),
        ("_hash", lambda text: "the same"),
        ("_new", lambda log: [fields for _, fields in reversed(list(log))]),
    ],
)
def test_a_rule_that_is_not_kept_is_seen(
    log: list[Change], monkeypatch: pytest.MonkeyPatch, rule: str, broken: Any
) -> None:
    expected = naive_registry(log)
    monkeypatch.setattr(rules, rule, broken)
    assert differences(naive_registry(log), expected)


def test_what_differs_is_named() -> None:
    found, expected = Graph(), Graph()
    one, other = found.node("Model", "a", name="A"), found.node("Model", "b")
    found.relate(one, "NAMES", other)
    expected.node("Model", "a", name="B")
    expected.node("Model", "c")
    expected.relate(one, "NAMES", one)
    assert differences(found, expected) == [
        "('Model', 'a') has name 'A', not 'B'",
        "('Model', 'b') is too much",
        "('Model', 'c') is missing",
        "(('Model', 'a'), 'NAMES', ('Model', 'a'), ()) is missing",
        "(('Model', 'a'), 'NAMES', ('Model', 'b'), ()) is too much",
    ]
