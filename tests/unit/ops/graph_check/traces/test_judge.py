"""A trace whose first records the topic no longer has is only checked by itself; other differences are real."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.model.traffic import BEGINS, Maker, seeded, traffic
from tests.unit.ops.graph_check.traces.naive_found import compared, folded
from tests.unit.pipelines.telemetry.driven import WORKER
from workers.ops.graph_check.compare import Judged
from workers.ops.graph_check.content import Found
from workers.ops.graph_check.finding import Kind
from workers.ops.graph_check.traces import by_itself
from workers.ops.graph_check.traces.expected import expected_of
from workers.ops.graph_check.traces.judge import judge
from workers.pipelines.telemetry.limits import MAX_AHEAD_MS
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook

CATALOGUE = Catalogue()
BOOK = RegistryPriceBook(RegistryHistory(CATALOGUE.named), CATALOGUE)
LATER = BEGINS + 10_000
FIRST, SECOND = ("Invocation", "t/s1"), ("Invocation", "t/s2")


def log() -> Maker:
    maker = Maker(seeded(1), "t")
    for span, at in (("s1", 0), ("s1", 10), ("s2", 2_000)):
        call = maker.invocation("t", span, [], "start" if at == 0 else "complete")
        told = {"timestamp": BEGINS + at, "latency_ms": 10.0, "parent_span_id": "s1", "model_id": "gpt-4o"}
        maker.send(
            "LLMInvocationEvent", call | told | {"provider": "openai", "prompt_tokens": 7, "completion_tokens": 5}
        )
    return maker


def judged(edit: Callable[[Found], Any], first_kept: int, kept_since: int | None) -> Judged:
    """Judge the trace as the graph has it, by the records that the topic still has."""
    ((_, _, found),) = compared(log().log)
    edit(found)
    ((_, trace),) = folded(log().log[first_kept:]).items()
    return judge(trace, expected_of(trace, WORKER.plan), found, kept_since, BOOK)


def nothing(_: Found) -> None:
    """Edit nothing."""


def test_a_trace_with_all_its_records_is_compared() -> None:
    found = judged(nothing, 0, None)
    assert (found.differences, found.is_older) == ([], False)
    assert judged(lambda found: found.nodes[FIRST].update(team="x"), 0, LATER).is_older is False
    assert judged(lambda found: found.nodes[FIRST].update(team="x"), 0, LATER).differences


def test_a_trace_whose_first_record_was_removed_is_not_different() -> None:
    found = judged(nothing, 1, LATER)
    assert (found.differences, found.is_older) == ([], True)


def test_it_is_different_if_nothing_was_ever_removed() -> None:
    assert judged(nothing, 1, None).differences


def test_it_is_different_if_its_call_is_later_than_what_was_removed() -> None:
    assert judged(nothing, 1, BEGINS - MAX_AHEAD_MS - 1).differences
    assert not judged(nothing, 1, BEGINS - MAX_AHEAD_MS).differences


def test_a_node_that_a_record_of_the_topic_made_is_missing_also_in_an_older_trace() -> None:
    def removed(found: Found) -> None:
        del found.nodes[SECOND], found.folded[SECOND]
        for edge in [each for each in found.edges if SECOND in (each[0], each[2])]:
            del found.edges[edge]

    (difference,) = judged(removed, 1, LATER).differences
    assert (difference.kind, difference.node) == (Kind.MISSING_NODE, SECOND)


@pytest.mark.parametrize("seed", range(8))
def test_the_graph_of_the_naive_model_does_not_contradict_itself(seed: int) -> None:
    for _, expected, found in compared(traffic(seeded(seed), 8)):
        assert list(by_itself.differences(expected.trace_id, found, BOOK)) == []


@pytest.mark.parametrize(
    ("edit", "kind", "name"),
    [
        (lambda found: found.nodes[FIRST].update(cost_usd=9.9), Kind.COST, "cost_usd"),
        (
            lambda found: found.nodes[FIRST].update(prompt_tokens=8),
            Kind.COST,
            "context_utilization, cost_usd, cost_usd_exact",
        ),
        (lambda found: found.nodes[FIRST].update(prompt_tokens="many"), Kind.COST, "tokens"),
        (lambda found: found.nodes[FIRST].update(timestamp="noon"), Kind.PROPERTY, "timestamp"),
        (lambda found: found.edges.pop((FIRST, "FOLLOWED_BY", SECOND)), Kind.MISSING_RELATIONSHIP, "FOLLOWED_BY"),
        (lambda found: found.edges.pop((SECOND, "CHILD_OF", FIRST)), Kind.MISSING_RELATIONSHIP, "CHILD_OF"),
        (lambda found: found.edges.pop((FIRST, "USES_MODEL", ("Model", "gpt-4o"))), Kind.MISSING_RELATIONSHIP, "USES_"),
        (lambda found: found.relate((SECOND, "FOLLOWED_BY", FIRST), {}), Kind.UNEXPLAINED_RELATIONSHIP, "FOLLOWED_BY"),
        (lambda found: found.relate((FIRST, "USES_VERSION", ("ModelVersion", "x")), {}), Kind.COST, "USES_VERSION"),
    ],
)
def test_an_older_trace_that_contradicts_itself_is_different(
    edit: Callable[[Found], Any], kind: Kind, name: str
) -> None:
    first, *_ = judged(edit, 1, LATER).differences
    assert first.kind is kind
    assert (first.name or "").startswith(name)
