"""The sample counts tokens as each provider does, and the worker charges what genai-prices alone computes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.unit.pipelines.telemetry.driven import Table, parsed
from workers.dev.sample.calls.imitate import imitate_trace
from workers.dev.sample.records.costs import expected_costs
from workers.dev.sample.records.sampled import TOKENS
from workers.dev.sample.records.tally import Tally
from workers.dev.sample.stream import telemetry

MAY_2026 = 1_777_600_000_000.0
RECORDS = list(telemetry(imitate_trace(600, MAY_2026, 3), source="test", seed=3))
COUNTED = [record.fields for record in RECORDS if record.record_name == TOKENS]
SCHEMAS = Path(__file__).parents[5] / "schemas/avro/telemetry"


def with_defaults(record_name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as the worker's decoder gives them."""
    schema = json.loads((SCHEMAS / f"{record_name.rpartition('.')[2]}.avsc").read_bytes())
    return {field["name"]: fields.get(field["name"], field.get("default")) for field in schema["fields"]}


def sums(convention: str | None) -> dict[str, int]:
    names = ("prompt_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
    own = [fields for fields in COUNTED if fields["token_convention"] == convention]
    return {name: sum(fields[name] or 0 for fields in own) for name in names}


def test_the_traffic_has_cached_cache_write_and_reasoning_tokens_in_each_way_of_counting() -> None:
    assert {fields["token_convention"] for fields in COUNTED} == {None, "anthropic", "gemini"}
    assert sums(None)["cached_tokens"] > 0
    assert all(sums("anthropic")[name] > 0 for name in ("prompt_tokens", "cached_tokens", "cache_write_tokens"))
    assert any((fields["cached_tokens"] or 0) > fields["prompt_tokens"] for fields in COUNTED)
    assert sums("gemini")["reasoning_tokens"] > 0
    assert all(fields["prompt_tokens"] >= 0 and fields["completion_tokens"] >= 0 for fields in COUNTED)


def test_the_worker_finds_all_tokens_and_charges_the_right_cost_for_each_call() -> None:
    table, tally = Table(), Tally()
    plan, _ = table.plan(parsed((record.record_name, with_defaults(*record[:2])) for record in RECORDS))
    table.graph.apply(plan)
    for record in RECORDS:
        tally.count(record)
    calls = {key: node for (label, key), node in table.graph.nodes.items() if label == "Invocation"}
    costs = expected_costs(RECORDS)
    assert len(calls) == len(costs) == 600
    found = {(node["trace_id"], node["span_id"]): node.get("cost_usd_exact") for node in calls.values()}
    assert found == {span: usd and usd.normalize() for span, usd in costs.items()}
    assert sum(node["total_tokens"] for node in calls.values()) == tally.expected["total_tokens"]
