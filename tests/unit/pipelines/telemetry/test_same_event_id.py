"""The same event_id and event_type in two traces are two events: a copy keeps its trace, and so its partition."""

from typing import Any

import pytest

from tests.model.naive_model import naive_model
from tests.model.traffic import Maker, Sent, seeded
from tests.unit.pipelines.telemetry.driven import Table, parsed

TRACES = ("t-0", "t-1")


def _calls() -> list[Sent]:
    """Return the start and the end of a call in each trace, all with one event_id."""
    maker = Maker(seeded(1), "t")
    told: dict[str, Any] = {"model_id": "claude-3-5-sonnet", "provider": "anthropic", "token_convention": None}
    for trace_id in TRACES:
        counts = {"prompt_tokens": 10, "completion_tokens": 5, "token_count": 15, "latency_ms": 1.0}
        maker.send("LLMInvocationEvent", maker.invocation(trace_id, "s0", [], "start") | told | {"event_id": "one"})
        maker.send("LLMInvocationEvent", maker.invocation(trace_id, "s0", [], "complete") | told | counts)
        maker.log[-1][1]["event_id"] = "one"
    return maker.log


@pytest.mark.parametrize("batches", [1, 2, 4])
def test_a_call_of_each_trace_is_in_the_graph_and_a_copy_changes_nothing(batches: int) -> None:
    log, table = _calls() * 2, Table()
    events = parsed(log)
    for first in range(0, len(log), len(log) // batches):
        plan, entries = table.plan(events[first : first + len(log) // batches])
        table.graph.apply(plan)
        table.states.update(entries)
    expected = naive_model(log)
    assert table.graph.nodes == expected.nodes
    assert table.graph.relationships == expected.relationships
    calls = [node for (label, _), node in table.graph.nodes.items() if label == "Invocation"]
    assert {call["trace_id"] for call in calls} == set(TRACES)
    assert all(call["status"] != "STARTED" and call["cost_usd_exact"] for call in calls)
