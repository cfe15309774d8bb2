"""The demo's traffic, priced by the worker with the registry that the demo loads, against genai-prices alone."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.model.naive_model import Graph
from tests.unit.dev.demo.sources import SOURCES, source_of
from tests.unit.pipelines.telemetry.driven import Table, parsed
from tests.unit.pipelines.telemetry.loaded_registry import loaded_models
from workers.dev.demo.steps.costs import compare_costs
from workers.dev.demo.steps.used_models import compare_used_models
from workers.dev.demo.traffic import Traffic
from workers.dev.sample.calls.spellings import MEANT
from workers.dev.sample.records.costs import expected_costs
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.records.used_models import UsedModel, expected_models
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory
from workers.pipelines.telemetry.worker import build_with

SCHEMAS = Path(__file__).parents[4] / "schemas/avro/telemetry"
BATCH = 150
"""Records in a batch, fewer than a late one is late by."""


def decoded(record_name: str, fields: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the fields with the defaults of their schema, as the worker's decoder gives them."""
    schema = json.loads((SCHEMAS / f"{record_name.rpartition('.')[2]}.avsc").read_bytes())
    return record_name, {field["name"]: fields.get(field["name"], field.get("default")) for field in schema["fields"]}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("in_registry", [True, False])
def test_every_call_of_the_demo_costs_what_genai_prices_computes(
    kind: str, *, in_registry: bool, tmp_path: Path
) -> None:
    items = list(Traffic(source_of(kind, tmp_path, 600)).items())
    records = [item for item in items if isinstance(item, Sampled)]
    catalogue = Catalogue()
    history = RegistryHistory(catalogue.named)
    history.replace(loaded_models() if in_registry else [])
    table = Table(build_with(history, catalogue, TelemetryOptions(topic="t", group="g")))
    events = parsed(decoded(*record[:2]) for record in records)
    for first in range(0, len(events), BATCH):
        plan, entries = table.plan(events[first : first + BATCH])
        table.graph.apply(plan)
        table.states.update(entries)
    calls = [node for (label, _), node in table.graph.nodes.items() if label == "Invocation"]
    expected = expected_costs(items)
    stored = {(each["trace_id"], each["span_id"]): each.get("cost_usd_exact") for each in calls}
    (_, sent, found), (_, all_calls, right) = compare_costs(expected, stored)
    assert (found, right) == (sent, all_calls)
    assert all_calls == 600
    assert {(each["provider"], each["model_id"]) for each in calls} >= MEANT.keys()
    sources = Counter(each["price_source"] for each in calls)
    assert sources["none"] == list(expected.values()).count(None) > 0
    assert sources["reported"] > 0
    assert (sources["registry"] > 550) is in_registry
    if in_registry:
        assert compare_used_models(expected_models(items), _used(table.graph)) == [("calls at their Model", 600, 600)]


def _used(graph: Graph) -> dict[tuple[str, str], list[UsedModel]]:
    """Return the Models that the calls use; who is no stub is for the registry worker to say."""
    registered = {model.model_id for model in loaded_models()}
    used: dict[tuple[str, str], list[UsedModel]] = {}
    for one, kind, (_, model_id), _ in graph.relationships:
        if kind == "USES_MODEL":
            call = graph.nodes[one]["trace_id"], graph.nodes[one]["span_id"]
            used.setdefault(call, []).append(UsedModel(model_id, model_id not in registered))
    return used
