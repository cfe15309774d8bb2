from decimal import Decimal
from typing import Any

import pytest

from tests.model.traffic import NAMESPACE
from tests.unit.pipelines.telemetry.driven import NOW
from tests.unit.pipelines.telemetry.records import fields
from workers.core.record import Record
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, RegistryModel, registry_model
from workers.pipelines.telemetry.prices.registry_price import PriceColumns
from workers.pipelines.telemetry.worker import TELEMETRY, build_with
from workers.pipelines.telemetry.write.statements import INVOCATIONS
from workers.testing import WorkerUnderTest, record

CATALOGUE = Catalogue()


class Fed(WorkerUnderTest[Any, Any]):
    """The worker with these models of the registry, and a log of invocations of its own."""

    def __init__(self, *models: RegistryModel, **options: Any) -> None:
        history = RegistryHistory(CATALOGUE.named)
        history.replace(models)
        telemetry = build_with(history, CATALOGUE, TelemetryOptions(topic="t", group="g", **options))
        super().__init__(telemetry, TELEMETRY.metrics)
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
    await worker.run_batch([worker.call("s1", event_type="llm.invocation.start", model_id="ours")])
    assert worker.unpriced("anthropic", "unknown_model") is None
    ended = [worker.call("s1", model_id="ours"), worker.call("s2"), worker.call("s3", model_id="ours")]
    await worker.run_batch(ended)
    await worker.run_batch([worker.call("s1", model_id="ours", timestamp=1_700_000_009_000)])
    assert worker.unpriced("anthropic", "unknown_model") == 2
    await worker.run_batch([worker.call("s4", provider="openai", model_id="whisper-1")])
    assert worker.unpriced("openai", "no_price") == 1
    await worker.run_batch([worker.call("s5", provider="Acme", model_id="gpt-4o")])
    assert worker.unpriced("acme", "unknown_provider") == 1


@pytest.mark.parametrize("reported", [None, 0.5])
async def test_a_price_in_another_currency_is_no_cost_in_dollars(reported: float | None) -> None:
    euros = PriceColumns(input="0.001", output="0.002", currency="EUR")
    model = registry_model("claude-3-5-sonnet", "anthropic", (), [("price", 0, None, "2", 1_000, *euros)])
    worker = Fed(model)
    await worker.run_batch([worker.call("s1", reported_cost_usd=reported)])
    row = worker.invocation()
    source = "none" if reported is None else "reported"
    assert (row["cost_usd"], row["price_source"], row["context_utilization"]) == (reported, source, 0.03)
    assert row["cost_note"] == "the registry's price is in a currency other than US dollars"
    assert worker.unpriced("anthropic", "other_currency") == (1 if reported is None else None)


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


def of_tokens(worker: Fed, span: str, **changed: Any) -> Record:
    worker.offset += 1
    given = fields("LLMTokenEvent", **{"event_id": f"e{worker.offset}", "span_id": span} | changed)
    return record(f"{NAMESPACE}.LLMTokenEvent", given, key=b"t1", offset=worker.offset)


# Published prices for 1,000,000 tokens, each in US dollars.
# Anthropic, platform.claude.com/docs/en/about-claude/pricing (read 2026-11-30): Claude Sonnet 4.5 costs 3 for input,
# 0.30 for cache reads, 3.75 for cache writes, 15 for output, as Sonnet 3.5 did; with more than 200,000 tokens of input,
# until that was retired on 2026-04-30, 6, 0.60, 7.50, 22.50.
# Google, ai.google.dev/gemini-api/docs/pricing, as genai-prices has it: Gemini 2.5 Pro costs 1.25, 0.125 for cached
# input, 10 for output and thoughts; with more than 200,000 tokens of prompt 2.50, 0.25, 15.
ANTHROPIC = {"prompt_tokens": 10, "completion_tokens": 100, "reasoning_tokens": None}
GEMINI = {"provider": "google", "model_id": "gemini-2.5-pro", "prompt_tokens": 1_000, "completion_tokens": 50}
LONG_GEMINI = GEMINI | {"prompt_tokens": 300_000, "completion_tokens": 1_000, "reasoning_tokens": None}
SONNET_4_5 = ANTHROPIC | {"model_id": "claude-sonnet-4-5", "completion_tokens": 1_000}


@pytest.mark.parametrize(
    ("sent", "exact", "convention"),
    [
        (ANTHROPIC | {"cached_tokens": 50_000, "total_tokens": 110}, "0.01653000", "anthropic"),
        (ANTHROPIC | {"cache_write_tokens": 50_000, "total_tokens": 50_110}, "0.18903000", "anthropic"),
        (ANTHROPIC | {"cached_tokens": 10, "total_tokens": 110}, "0.00150300", None),
        (GEMINI | {"reasoning_tokens": 200, "total_tokens": 1_250}, "0.00375000", "gemini"),
        (GEMINI | {"reasoning_tokens": 20, "total_tokens": 1_050}, "0.00175000", None),
        (GEMINI | {"reasoning_tokens": 20, "total_tokens": 1_070}, "0.00195000", "gemini"),
        (GEMINI | {"reasoning_tokens": 0, "cached_tokens": 400, "total_tokens": 1_050}, "0.00130000", None),
        # The size of the whole prompt chooses the step, not the 10 tokens that were sent as prompt_tokens.
        #   10 x 6 + 250,000 x 0.60 + 1,000 x 22.50 = 60 + 150,000 + 22,500 millionths
        (SONNET_4_5 | {"cached_tokens": 250_000, "total_tokens": 251_010}, "0.17256000", "anthropic"),
        #   10 x 6 + 250,000 x 7.50 + 1,000 x 22.50 = 60 + 1,875,000 + 22,500
        (SONNET_4_5 | {"cache_write_tokens": 250_000, "total_tokens": 251_010}, "1.89756000", "anthropic"),
        #   100,000 x 2.50 + 200,000 x 0.25 + 1,000 x 15 = 250,000 + 50,000 + 15,000
        (LONG_GEMINI | {"cached_tokens": 200_000, "total_tokens": 301_000}, "0.31500000", None),
    ],
)
async def test_each_provider_s_way_of_counting_costs_what_the_provider_charges(
    sent: dict[str, Any], exact: str, convention: str | None
) -> None:
    worker = Fed()
    named = {name: sent[name] for name in ("provider", "model_id") if name in sent}
    await worker.run_batch([of_tokens(worker, "s1", **sent), worker.call("s1", **named)])
    row = worker.invocation()
    assert Decimal(row["cost_usd_exact"]) == Decimal(exact)
    assert (row["token_convention"], row["cost_note"]) == (convention, None)
    assert row["prompt_tokens"] >= (row["cached_tokens"] or 0) + (row["cache_write_tokens"] or 0)


# OpenAI, platform.openai.com/docs/pricing, US dollars for 1,000,000 tokens: gpt-5 1.25, cached 0.125, output 10; flex
# and batch half of that, priority twice as much. The catalogue has them from October 2026 on.
#   900 x 1.25 + 100 x 0.125 + 50 x 10 = 1,125 + 12.5 + 500 millionths
GPT_5 = {"provider": "openai", "model_id": "gpt-5", "timestamp": 1_795_176_000_000}
COUNTED = {"prompt_tokens": 1_000, "completion_tokens": 50, "cached_tokens": 100}


@pytest.mark.parametrize("says", ["start", "tokens", "end"])
@pytest.mark.parametrize(
    ("service_tier", "exact"),
    [(None, "0.0016375"), ("batch", "0.00081875"), ("flex", "0.00081875"), ("priority", "0.003275")],
)
async def test_whichever_event_says_the_service_tier_the_call_costs_what_that_tier_does(
    service_tier: str | None, exact: str, says: str
) -> None:
    worker, tier = Fed(), {"service_tier": service_tier}
    start = GPT_5 | {"event_type": "llm.invocation.start"}
    tokens = GPT_5 | COUNTED | {"reasoning_tokens": None, "total_tokens": 1_050}
    events = [
        worker.call("s1", **start, **(tier if says == "start" else {})),
        of_tokens(worker, "s1", **tokens, **(tier if says == "tokens" else {})),
        worker.call("s1", **GPT_5, **(tier if says == "end" else {})),
    ]
    await worker.run_batch(events)
    row = worker.invocation()
    assert Decimal(row["cost_usd_exact"]) == Decimal(exact)
    assert row["service_tier"] == service_tier


async def test_the_options_declare_how_a_provider_counts() -> None:
    worker = Fed(token_convention={"Anthropic": "anthropic"})
    sent = {"prompt_tokens": 60, "completion_tokens": 40, "cached_tokens": 50, "reasoning_tokens": None}
    await worker.run_batch([of_tokens(worker, "s1", **sent, total_tokens=100)])
    row = worker.invocation()
    assert (row["prompt_tokens"], row["total_tokens"], row["token_convention"]) == (110, 150, "anthropic")


CONTRADICTORY = {"cached_tokens": 50, "completion_tokens": 4, "total_tokens": 14}


@pytest.mark.parametrize("late", [False, True])
async def test_a_call_of_contradictory_counts_is_counted_once_and_has_no_cost(*, late: bool) -> None:
    worker = Fed()
    tokens, end = of_tokens(worker, "s1", **CONTRADICTORY), worker.call("s1")
    for batch in [[end], [tokens]] if late else [[tokens, end]]:
        await worker.run_batch(batch)
    await worker.run_batch([of_tokens(worker, "s1", timestamp=1_700_000_000_001, **CONTRADICTORY)])
    row = dict(zip(INVOCATIONS.columns, worker.rows("Invocation")[-1], strict=True))
    assert (row["cost_usd"], row["price_source"], row["prompt_tokens"]) == (None, "none", 10)
    assert row["cost_note"] == "the token counts contradict the declared way of counting, or every way"
    assert worker.unpriced("anthropic", "contradictory_tokens") == 1


async def test_what_was_billed_is_kept_and_a_deviation_is_counted_by_provider() -> None:
    worker = Fed()  # 10 and 20 tokens cost $0.00033
    billed = [worker.call("s1", reported_cost_usd=0.00033), worker.call("s2", reported_cost_usd=0.0004)]
    await worker.run_batch(billed)
    assert worker.sample("reported_cost_deviations_total", provider="anthropic") == 1
    rows = [dict(zip(INVOCATIONS.columns, row, strict=True)) for row in worker.rows("Invocation")]
    assert [(row["reported_cost_usd"], row["price_source"]) for row in rows] == [
        (0.00033, "genai-prices"),
        (0.0004, "genai-prices"),
    ]
    await worker.run_batch([worker.call("s3", model_id="ours", reported_cost_usd=0.5)])
    row = dict(zip(INVOCATIONS.columns, worker.rows("Invocation")[-1], strict=True))
    assert (row["cost_usd"], row["cost_usd_exact"], row["price_source"]) == (0.5, "0.50000000", "reported")
    await worker.run_batch([of_tokens(worker, "s4", **CONTRADICTORY), worker.call("s4", reported_cost_usd=0.5)])
    assert worker.unpriced("anthropic", "contradictory_tokens") == 1
    assert worker.unpriced("anthropic", "unknown_model") is None
