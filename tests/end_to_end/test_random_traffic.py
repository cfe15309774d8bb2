"""Random telemetry through two workers, one of them killed, gives the naive model's graph."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.outsider import Log, Serializer
from tests.end_to_end.program import Program, until
from tests.end_to_end.scene import Scene
from tests.model.graph_snapshot import graph_snapshot
from tests.model.naive_model import naive_model
from tests.model.traffic import Sent, traffic
from workers.adapters.graph.driver import open_driver

SEEDS = range(6)
TRACES = 1_000
"""Total of all seeds."""
ROWS_A_BATCH = 400
"""Small, so that a trace spans many batches."""


class Ran(NamedTuple):
    """The log of each seed, and how the workers ended."""

    scene: Scene
    logs: Sequence[Sequence[Sent]]
    exit_codes: Sequence[int]
    lag: int


@pytest.fixture(scope="module")
def ran(scenes: Scenes) -> Ran:
    """Each seed has its own partition, because errors name causes in earlier traces."""
    scene = scenes(partitions=len(SEEDS), max_rows=ROWS_A_BATCH)
    each = -(-TRACES // len(SEEDS))
    logs = [traffic(Random(seed), each, f"{scene.name}-{seed}") for seed in SEEDS]  # noqa: S311 - test data
    log, serialize = scene.log(), scene.serializer()
    with scene.start("killed.log") as killed, scene.start("steady.log") as steady:
        killed.until_ready()
        steady.until_ready()
        for seed, records in enumerate(logs):
            send(log, serialize, seed, records[: len(records) // 2])
        log.flush()
        until(lambda: claimed(killed) & scene.watermarks().keys(), "a batch of the worker that is to be killed")
        killed.kill()
        for seed, records in enumerate(logs):
            send(log, serialize, seed, records[len(records) // 2 :])
        log.flush()
        with scene.start("again.log") as again:
            again.until_ready()
            scene.until_caught_up(steady, again)
            exit_codes = [steady.stop(), again.stop()]
    return Ran(scene, logs, exit_codes, scene.lag())


def send(log: Log, serialize: Serializer, partition: int, records: Sequence[Sent]) -> None:
    for record_name, fields in records:
        key = fields["trace_id"] or fields["model_id"]
        log.send(key.encode(), serialize(record_name, fields), partition=partition)


def claimed(program: Program) -> set[int]:
    """Return the partitions that a worker has claimed."""
    return {int(line["partition"].partition("[")[2].rstrip("]")) for line in program.events("partition claimed")}


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_graph_is_the_naive_models(ran: Ran, seed: int) -> None:
    log = ran.logs[seed]
    traces = sorted({fields["trace_id"] for _, fields in log if fields["trace_id"]})
    models = sorted({fields["model_id"] for _, fields in log})

    neo4j = ran.scene.settings.neo4j
    async with open_driver(neo4j) as driver:
        found = await graph_snapshot(driver, neo4j.database, traces, models)

    promised = naive_model(log)
    assert found.nodes.keys() == promised.nodes.keys()
    different = {node: (found.nodes[node], each) for node, each in promised.nodes.items() if found.nodes[node] != each}
    assert not different
    assert found.relationships == promised.relationships


def test_a_thousand_traces_were_sent_and_many_of_their_records_twice(ran: Ran) -> None:
    records = [fields for log in ran.logs for _, fields in log]
    assert len({fields["trace_id"] for fields in records if fields["trace_id"]}) >= TRACES
    assert len(records) - len({fields["event_id"] for fields in records}) > TRACES


def test_workers_drain_at_sigterm_and_leave_no_lag(ran: Ran) -> None:
    assert (ran.exit_codes, ran.lag) == ([0, 0], 0)
