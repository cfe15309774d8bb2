"""The whole of ``memory-graph demo``."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.dev.demo.check import Check, compare, problems_of
from workers.dev.demo.progress import Steps
from workers.dev.demo.questions import REPAIRED, count_graph, count_run, known_traces, one_trace, try_queries
from workers.dev.demo.report import Report, Throughput, Visibility
from workers.dev.demo.steps.caught_up import caught_up
from workers.dev.demo.steps.costs import check_costs
from workers.dev.demo.steps.dead_letters import DeadLettersOfRun
from workers.dev.demo.steps.fleet import Fleet, running_fleet
from workers.dev.demo.steps.models import load_models
from workers.dev.demo.steps.prepare import prepare
from workers.dev.demo.steps.repaired import repairable, send_back_repaired
from workers.dev.demo.steps.send import Sending
from workers.dev.demo.steps.servers import start_servers
from workers.dev.demo.steps.used_models import check_used_models
from workers.dev.demo.traffic import SEED, Traffic, choose_source
from workers.dev.sample.audit.contents import contents
from workers.dev.sample.audit.run import send_audit
from workers.dev.sample.audit.stream import audit
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.records.tally import Tally
from workers.dev.sample.run import open_producer
from workers.dev.stack.home import stack_home
from workers.pipelines.fleet import FLEET, load_topology

TELEMETRY = "telemetry"
REGISTRY = "registry"
AUDIT = "audit"
PACED_RECORDS = 2_000
PACED_RATE = 200.0


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the demo. ``paced_records`` are for the latency measurement, ``extras`` are of the stack."""

    name: str
    from_file: Path | None
    count: int
    paced_records: int = PACED_RECORDS
    extras: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo runs."""

    settings: Settings
    topology: Topology
    workers: list[str]
    topic: str
    environment: Mapping[str, str]


def run_demo(options: Options, steps: Steps) -> Report:
    """Start the stack, fill and examine it; finally stop the workers only.

    It can run again on the same stack: the same records have the same ids, and change nothing the second time.
    Raises ``Misconfigured``, ``Unreachable``, and ``ProblemsFound`` when a worker fails. Differences from what
    the records must give are in the report.
    """
    started = time.monotonic()
    topology_path = Settings.from_environment().topology_path
    topology = load_topology(topology_path)
    source = choose_source(topology_path.resolve().parent, options.from_file, options.count, datetime.now(UTC))
    workers = [name for name in FLEET if name in topology.workers]
    environment = start_servers(options.name, (*options.extras, *(("cdc",) if REGISTRY in workers else ())))
    place = Place(Settings.from_environment(), topology, workers, topology.workers[TELEMETRY].topic, environment)
    report = asyncio.run(_run(options, place, Traffic(source), steps))
    return replace(report, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Filled:
    """How the records reached the graph. ``problems`` are of workers that failed at the end."""

    throughput: Throughput
    visibility: Visibility | None
    problems: list[str]
    sent: set[tuple[int, int]]
    models: list[Check]


async def _run(options: Options, place: Place, traffic: Traffic, steps: Steps) -> Report:
    kafka, tally = place.settings.kafka, Tally()
    with steps.step("topics, constraints and schemas are there"):
        await prepare(place.settings, place.topology, place.workers)
        dead_letters = await asyncio.to_thread(DeadLettersOfRun, kafka, place.topic)
    async with GraphConnection(place.settings.neo4j) as graph:
        items = list(traffic.items())
        trace_ids = sorted(traffic.trace_ids)
        seen_before = await known_traces(graph, trace_ids) > 0
        filled = await _fill(options, place, items, tally, graph, steps)
        with steps.step("the graph was read, and compared with what was sent"):
            letters = await asyncio.to_thread(dead_letters.counts, filled.sent)
            expected = {**tally.expected, REPAIRED: repairable(tally.poison)}
            checks = compare(expected, await count_run(graph, trace_ids), tally.poison.total(), letters)
            checks += [*filled.models, *await check_costs(graph, items)]
            checks += await check_used_models(graph, items) if filled.models else []
            labels, relationships = await count_graph(graph)
            return Report(
                name=options.name,
                source=traffic.source.description,
                produced=tally.as_data(),
                seen_before=seen_before,
                labels=labels,
                relationships=relationships,
                throughput=filled.throughput,
                visibility=filled.visibility,
                trace=await one_trace(graph, trace_ids),
                dead_letters=letters,
                repaired=next(found for name, _, found in checks if name == REPAIRED),
                answers=await try_queries(graph, prices=bool(filled.models), audit=AUDIT in place.workers),
                checks=checks,
                problems=[*filled.problems, *problems_of(checks)],
                browser=place.environment.get("NEO4J_HTTP"),
                prometheus=place.environment.get("PROMETHEUS_URL"),
                cores=os.cpu_count() or 1,
                seconds=0.0,
            )


async def _fill(  # noqa: PLR0913, PLR0917 - the one place where everything meets
    options: Options,
    place: Place,
    items: Sequence[Sampled | Poison],
    tally: Tally,
    graph: GraphConnection,
    steps: Steps,
) -> Filled:
    bulk = max(0, len(items) - options.paced_records)
    async with running_fleet(stack_home() / options.name / "workers") as fleet:
        models = await _fill_registry(place, graph, fleet, steps) if REGISTRY in place.workers else []
        others = [name for name in place.workers if name != REGISTRY]
        with steps.step(f"ready: worker {', '.join(others)}"):
            await fleet.start(others)
        async with open_producer(place.settings, place.topic) as producer:
            sending = Sending(producer, partial(graph.watermarks, f"{TELEMETRY}/{place.topic}/"), fleet, tally)
            with steps.step(f"{bulk:,} records went through as fast as possible") as tell:
                throughput = await sending.at_once(items[:bulk], tell)
            with steps.step(f"{len(items) - bulk:,} records went through at {PACED_RATE:.0f} a second") as tell:
                visibility = await sending.at_rate(items[bulk:], PACED_RATE, tell)
        if AUDIT in place.workers:
            with steps.step("the audit events of a vault went through"):
                kept = list(contents(item for item in items if isinstance(item, Sampled)))
                await send_audit(place.settings, place.topology.workers[AUDIT].topic, audit(kept, seed=SEED))
        with steps.step("no worker is behind"):
            await caught_up(place.settings.kafka, place.topology, fleet)
        with steps.step("dead letters that can be repaired were, and went back"):
            await send_back_repaired(place.settings, place.topology, place.topic)
            await caught_up(place.settings.kafka, place.topology, fleet)
        with steps.step("workers drained and ended"):
            return Filled(throughput, visibility, await fleet.stop(), sending.sent, models)


async def _fill_registry(place: Place, graph: GraphConnection, fleet: Fleet, steps: Steps) -> list[Check]:
    """Load the registry first, so that its history prices every call."""
    with steps.step(f"ready: worker {REGISTRY}"):
        await fleet.start([REGISTRY])
    with steps.step("every model of genai-prices went through PostgreSQL and Debezium") as tell:
        return await load_models(place.environment["REGISTRY_DATABASE_URL"], graph, fleet, tell)
