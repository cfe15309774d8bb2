from typing import Any

import pytest

from tests.unit.adapters.avro.in_memory_registry import InMemoryRegistry
from tests.unit.pipelines.registry.driven import worker
from tests.unit.pipelines.registry.jobs.examples import HOUR, MINUTE, START, USAGE
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schemas import load_reader_schemas
from workers.core.job import Call, Publish, Step
from workers.pipelines.registry.jobs.usage_reports import SendUsageReports

NOW = START + 2 * HOUR
WINDOW = {
    "id": "openai/gpt 4@2025-11-06T20:00:00Z",
    "model_id": "openai/gpt 4",
    "start": START,
    "end": START + HOUR,
    "revision": 2,
    "stats_id": "6f2d7c36-0000-5000-8000-000000000000",
    "total_invocations": 3,
    "unique_users": 2,
    "avg_latency_ms": None,
    "error_rate": 0.333333,
    "top_use_cases": '[{"use_case": "chat", "count": 2}]',
    "refusals": 0,
    "provider": "openai",
}
METRICS = {
    "total_invocations": 3,
    "unique_users": 2,
    "avg_latency_ms": None,
    "error_rate": 0.333333,
    "top_use_cases": [{"use_case": "chat", "count": 2}],
}


def step(*, api: bool, **changed: Any) -> Step:
    (made,) = SendUsageReports(USAGE, api).steps([WINDOW | changed], NOW)
    return made


def test_the_api_gets_the_usage_in_its_own_form() -> None:
    body = {
        "stats_id": WINDOW["stats_id"],
        "time_range": {"start": "2025-11-06T20:00:00Z", "end": "2025-11-06T21:00:00Z"},
        "metrics": METRICS,
    }
    path = "/api/v1/registry/models/openai%2Fgpt%204/usage-stats"
    assert step(api=True).effects == [Call("POST", path, body, str(WINDOW["stats_id"]))]


async def test_without_an_api_it_is_published_by_model_in_our_schema(schemas_folder: Any) -> None:
    (published,) = step(api=False).effects
    assert isinstance(published, Publish)
    assert (published.topic, published.key) == ("usage", b"openai/gpt 4")
    assert {name: published.fields[name] for name in METRICS} == METRICS
    encoder = AvroEncoder(InMemoryRegistry(), load_reader_schemas(schemas_folder))
    for latency in (None, 12.5):
        fields = dict(published.fields) | {"avg_latency_ms": latency}
        assert await encoder.encode(published.topic, published.record_name, fields)


@pytest.mark.parametrize("provider", ["openai", None])
def test_the_published_record_has_its_model_and_its_provider_where_there_is_one_as_baggage(
    provider: str | None,
) -> None:
    (published,) = step(api=False, provider=provider).effects
    assert isinstance(published, Publish)
    assert published.baggage == {"model_id": "openai/gpt 4"} | ({"provider": provider} if provider else {})


def test_what_is_posted_is_written_down_and_what_is_refused_waits_twice_as_long_each_time_up_to_a_week() -> None:
    parameters = {"id": WINDOW["id"], "stats_id": WINDOW["stats_id"]}
    made = step(api=True)
    assert made.record is not None
    assert made.record.parameters == {**parameters, "now": NOW}
    waits = []
    for refusals in (0, 1, 10, 11, 15, 1_000):
        refused = step(api=True, refusals=refusals).refused
        assert refused is not None
        assert refused.parameters["refusals"] == refusals + 1
        waits.append((refused.parameters["post_at"] - NOW) // MINUTE)
    assert waits == [1, 2, 1_024, 2_048, 10_080, 10_080]


@pytest.mark.parametrize("api", [True, False])
def test_without_a_block_in_the_topology_nothing_is_counted(*, api: bool) -> None:
    names = ["models_count", "deleted_in_use", "purge_models", "connector", "replication", *["schema_mismatches"] * api]
    assert [each.name for each in worker(has_api=api).jobs] == names
    spec = worker(has_api=api, usage=USAGE)
    names = ["usage_periods", "usage_history", "usage_windows", "usage_reports"]
    assert [each.name for each in spec.jobs][-4:] == names
    assert spec.jobs[-1] == SendUsageReports(USAGE, api)
