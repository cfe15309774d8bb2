"""Where a folded trace came from."""

from tests.model.traffic import Maker, seeded
from tests.unit.ops.graph_check.traces.naive_found import folded
from tests.unit.pipelines.telemetry.driven import WORKER
from workers.ops.graph_check.traces.expected import expected_of


def test_the_offset_of_the_record_that_named_a_span_is_known() -> None:
    maker = Maker(seeded(1), "t")
    for span in ("1", "2", "1"):
        maker.send("LLMInvocationEvent", maker.invocation("a", span, [], "start"))
    ((_, trace),) = folded(maker.log).items()
    assert expected_of(trace, WORKER.plan).offsets == {("Invocation", "a/1"): 0, ("Invocation", "a/2"): 1}
