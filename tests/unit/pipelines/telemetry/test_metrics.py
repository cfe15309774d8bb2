from typing import Any

from tests.model.traffic import NAMESPACE
from tests.unit.pipelines.telemetry.driven import NOW
from tests.unit.pipelines.telemetry.records import fields
from workers.core.record import Record
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.worker import TELEMETRY
from workers.pipelines.telemetry.write.statements import INVOCATIONS
from workers.testing import WorkerUnderTest, record


class Fed(WorkerUnderTest[Any, Any]):
    """The worker, and a log of invocations of its own."""

    def __init__(self) -> None:
        super().__init__(TELEMETRY.build(TelemetryOptions(topic="t", group="g"), has_api=False), TELEMETRY.metrics)
        self.clock.now = NOW / 1000
        self.offset = -1

    def call(self, span: str, **changed: Any) -> Record:
        self.offset += 1
        given = fields(**{"event_id": f"e{self.offset}", "span_id": span} | changed)
        return record(f"{NAMESPACE}.LLMInvocationEvent", given, key=b"t1", offset=self.offset)

    def invocation(self) -> dict[str, Any]:
        """Return the properties of the only Invocation that was written."""
        (row,) = self.rows("Invocation")
        return dict(zip(INVOCATIONS.columns, row, strict=True))

    def unpriced(self, provider: str, reason: str) -> float | None:
        return self.sample("unpriced_invocations_total", provider=provider, reason=reason)


async def test_each_ended_call_without_a_price_is_counted_once_with_the_reason() -> None:
    worker = Fed()
    await worker.run_batch([worker.call("s1", event_type="llm.invocation.start", status=None, model_id="ours")])
    assert worker.unpriced("anthropic", "unknown_model") is None
    ended = [worker.call("s1", model_id="ours"), worker.call("s2"), worker.call("s3", model_id="ours")]
    await worker.run_batch(ended)
    await worker.run_batch([worker.call("s1", model_id="ours", timestamp=1_700_000_009_000)])
    assert worker.unpriced("anthropic", "unknown_model") == 2
    await worker.run_batch([worker.call("s4", provider="openai", model_id="whisper-1")])
    assert worker.unpriced("openai", "no_price") == 1


async def test_an_event_that_was_seen_before_is_a_duplicate_and_no_success() -> None:
    worker, complete = Fed(), "llm.invocation.complete"
    await worker.run_batch([worker.call("s1"), worker.call("s2", event_id="e0"), worker.call("s1", event_id="e0")])
    await worker.run_batch([worker.call("s1", event_id="e0", timestamp=1_700_000_009_000)])
    await worker.run_batch([worker.call("s1", event_id="e0", event_type="llm.invocation.start")])
    assert worker.sample("events_dropped_total", event_type=complete, reason="duplicate") == 3
    assert worker.sample("events_processed_total", event_type=complete, status="success") == 1
    assert worker.sample("events_dropped_total", event_type="llm.invocation.start", reason="duplicate") is None


async def test_a_negative_latency_is_counted_once_and_its_call_keeps_its_tokens_and_its_cost() -> None:
    worker = Fed()
    await worker.run_batch([worker.call("s1", event_id="e0", latency_ms=-3.0), worker.call("s1", event_id="e0")])
    assert worker.sample("latencies_clamped_total", event_type="llm.invocation.complete") == 1
    row = worker.invocation()
    assert (row["latency_ms"], row["latency_clamped"], row["prompt_tokens"]) == (0.0, True, 10)
    assert row["cost_usd"] is not None
