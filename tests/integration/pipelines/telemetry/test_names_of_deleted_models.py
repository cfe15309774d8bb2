"""A deleted model stays while a call of it may be at the stub of another name: the purge waits for the comparison."""

import pytest

from tests.integration.pipelines.telemetry.names_world import World
from tests.model.registry_source import jsonb
from tests.model.traffic import BEGINS, Maker, seeded
from tests.unit.pipelines.registry.driven import Table, worker
from workers.core.clock import iso
from workers.pipelines.registry.jobs.purge_models import PurgeModels
from workers.pipelines.registry.options import Merge
from workers.pipelines.telemetry.jobs.settle_names import KNOWN_AFTER_SECONDS

NO_GRACE = Merge.model_validate({"deleted_models": {"grace_days": 0}})
NAMES = {
    "a gateway's prefix": ("azure", "azure/{alias}"),
    "a gateway of another provider": ("litellm_proxy", "azure/{model}"),
    "an SDK's prefix": ("azure", "models/{model}"),
    "a fine-tuned model": ("azure", "{model}:org::{model}"),
    "an alias": ("azure", "{alias}"),
    "an alias that it had": ("azure", "{former}"),
}
CHANGED_BEFORE = "MATCH (m:Model {model_id: $id}) SET m.sync_timestamp = datetime() - duration({seconds: $seconds})"
AT = "MATCH (i:Invocation {trace_id: $id})-[:USES_MODEL]->(m) RETURN m.model_id"


async def deleted(world: World, changed_before_seconds: int = KNOWN_AFTER_SECONDS + 1) -> None:
    """Write a model of azure that was in the registry at the time of the calls."""
    model_id, names = model_names(world)["model"], model_names(world)
    world.registry = Table(worker(merge=NO_GRACE))
    row = {"model_id": model_id, "provider": "azure", "version": "1999-01-01", "effective_from": iso(BEGINS)}
    for at, alias in ((BEGINS, "former"), (BEGINS + 60_000, "alias")):
        named = {"metadata": jsonb({"aliases": [names[alias]]}), "updated_at": iso(at), "effective_from": iso(at)}
        world.source.put("models", {**row, **named})
    world.source.delete("models", model_id)
    await world.sync()
    await world.query(CHANGED_BEFORE, id=model_id, seconds=changed_before_seconds)


def model_names(world: World) -> dict[str, str]:
    return {"model": world.id("ft:gpt-4o"), "alias": world.id("gpt-4o-2024-08-06"), "former": world.id("gpt-4o-former")}


async def called(world: World, provider: str, name: str, at: int) -> None:
    """Fold a call by a worker that has not read the registry yet."""
    maker = Maker(seeded(1), world.name)
    call = maker.invocation(f"{world.name}-0", "s", [], "complete")
    at_then = {"model_id": name, "provider": provider, "timestamp": at, "latency_ms": 0.0}
    maker.send("LLMInvocationEvent", call | at_then)
    await world.fold(maker.log)


async def purged(world: World) -> list[str]:
    """Run the purging job once on this test's models; return those that are gone."""
    job = PurgeModels()
    rows = [row for row in await world.reader.ask(job.query(0)) if world.name in row["model_id"]]
    for step in job.steps(rows, 0):
        assert step.record
        await world.recorder.record(step.record)
    return [row["model_id"] for row in rows]


@pytest.mark.parametrize("kind", NAMES)
async def test_a_model_stays_whose_call_is_at_the_stub_of_another_name(world: World, kind: str) -> None:
    (provider, name), names = NAMES[kind], model_names(world)
    await called(world, provider, name.format_map(names), BEGINS + (0 if kind == "an alias that it had" else 60_000))
    await deleted(world)
    assert await purged(world) == [], "the name has not been compared with the registry yet"
    await world.settle()
    assert await world.query(AT, id=f"{world.name}-0") == [[names["model"]]]
    assert await purged(world) == [], "in use"


async def test_a_model_that_no_name_means_goes_once_all_names_were_compared(world: World) -> None:
    await called(world, "azure", world.id("another"), BEGINS)
    await deleted(world)
    assert await purged(world) == []
    await world.settle()
    assert await purged(world) == [model_names(world)["model"]]


async def test_names_that_a_worker_without_the_change_may_still_create_are_waited_for(world: World) -> None:
    await called(world, "azure", world.id("another"), BEGINS)
    await deleted(world, KNOWN_AFTER_SECONDS - 60)
    await world.settle()
    assert await purged(world) == []


async def test_a_change_after_the_comparison_needs_another_one(world: World) -> None:
    await called(world, "azure", world.id("another"), BEGINS)
    await deleted(world)
    await world.settle()
    await world.query(CHANGED_BEFORE, id=model_names(world)["model"], seconds=0)
    assert await purged(world) == []
