"""Each kind of conflict, from the rows to its counter."""

from typing import Any

import pytest

from tests.model.registry_source import Source, jsonb
from workers.pipelines.registry.options import RegistryOptions
from workers.pipelines.registry.worker import REGISTRY
from workers.testing import WorkerUnderTest, record

NAMESPACE = "registry.public"
OCTOBER = "2023-10-01T00:00:00Z"


def model(price: int = 1, **metadata: Any) -> tuple[str, dict[str, Any]]:
    cost = jsonb({"input": price, "output": price})
    row = {"model_id": "m", "provider": "p", "cost_per_1k_tokens": cost, "metadata": jsonb(metadata)}
    return "models", row | {"effective_from": OCTOBER, "updated_at": OCTOBER}


def schema(title: str) -> tuple[str, dict[str, Any]]:
    return "schemas", {"schema_id": "s", "version": "1", "json_schema": jsonb({"title": title})}


CAPABILITY = ("capabilities", {"model_id": "m", "capability": "vision"})


@pytest.mark.parametrize(
    ("rows", "merge", "labels"),
    [
        ([model(1), model(2)], {}, ("price_same_effective_from", "append")),
        (
            [model(1), model(2)],
            {"prices": {"same_effective_from": "correct"}},
            ("price_same_effective_from", "correct"),
        ),
        (
            [model(capabilities=["chat"]), CAPABILITY],
            {},
            ("capability_divergence", "union_merge_with_audit_log"),
        ),
        (
            [model(capabilities=["chat"]), CAPABILITY],
            {"capabilities": {"conflict_resolution": "table_wins"}},
            ("capability_divergence", "table_wins"),
        ),
        ([schema("a"), schema("b")], {}, ("schema_version_mismatch", "fetch_latest_from_registry")),
        (
            [model(vector_clock={"eu": 1}), model(vector_clock={"us": 1})],
            {},
            ("concurrent_model_update", "last_write_wins_with_timestamp"),
        ),
        (
            [model(vector_clock={"eu": 1}), model(vector_clock={"us": 1})],
            {"model_metadata": {"conflict_resolution": "first_wins"}},
            ("concurrent_model_update", "first_wins"),
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
async def test_a_conflict_is_counted_once_by_its_type_and_the_rule_that_decided(
    rows: list[tuple[str, dict[str, Any]]], merge: dict[str, Any], labels: tuple[str, str]
) -> None:
    options = RegistryOptions.model_validate({"topic": "t", "group": "g", "merge": merge})
    worker: WorkerUnderTest[Any, Any] = WorkerUnderTest(REGISTRY.build(options, has_api=False), REGISTRY.metrics)
    source = Source()
    for offset, (table, row) in enumerate(rows):
        source.put(table, row)
        change = source.log[-1]
        sent = record(f"{NAMESPACE}.{table}.Envelope", change.fields, key=change.key, offset=offset)
        assert worker.sample("registry_conflicts_total", conflict_type=labels[0], resolution=labels[1]) is None
        await worker.run_batch([sent])
    assert worker.sample("registry_conflicts_total", conflict_type=labels[0], resolution=labels[1]) == 1
