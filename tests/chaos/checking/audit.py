"""Judges the audit worker: by the independent chain, and by the product's own `audit verify`, which must be content."""

import asyncio
from collections.abc import Iterator, Sequence

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.checks_of_archive import (
    archive_is_that_of_the_chains,
    archived_hashes,
    objects_of,
    objects_stay_as_they_were,
)
from tests.chaos.checking.checks_of_chains import (
    Event,
    Row,
    chain_is,
    chains_never_begin_again,
    checkpoints_are_those_of_the_chains,
    events_are_joined_once,
    expected_chains,
    heads_are_those_of_the_events,
)
from tests.chaos.checking.checks_of_offsets import of_kind
from tests.chaos.checking.history import Line
from tests.chaos.running.arena import Arena
from tests.model import naive_chain
from workers.config.settings import Settings
from workers.ops.audit.source import Source
from workers.ops.audit.tasks import Request, audit_options, tasks
from workers.ops.audit.verify_chain import verify_chain
from workers.pipelines.fleet import load_topology


def judge_chains(arena: Arena, history: Sequence[Line]) -> Iterator[Finding]:
    """Search for anomalies of the chains."""
    corner = arena.corner
    found = corner.events()
    yield from chains_never_begin_again(history)
    yield from events_are_joined_once(found)
    yield from heads_are_those_of_the_events(corner.chains(), found)
    homes = {each["id"]: each["partition"] for each in found}
    expected = expected_chains(list(_sent(arena, history)), homes)
    yield from _compared(arena, expected, found)
    hashes = {
        (partition, corner.chain_id): naive_chain.hashes(corner.topic, partition, events, corner.chain_id)
        for partition, events in expected.items()
    }
    checkpoints = [(each.value or b"", bool(each.headers)) for each in corner.checkpoints()]
    yield from checkpoints_are_those_of_the_chains(history, checkpoints, hashes)
    if _has_archive(arena):
        own = {partition: each for (partition, chain_id), each in hashes.items() if chain_id == corner.chain_id}
        noted = {each["partition"]: each["archived"] for each in corner.chains()}
        yield from archive_is_that_of_the_chains(own, noted, archived_hashes(corner.archive))
        yield from objects_stay_as_they_were(history, objects_of(corner.archive))
    yield from _false_alarms(arena)


def _has_archive(arena: Arena) -> bool:
    return audit_options(load_topology(arena.corner.topology)).archive.url is not None


def _compared(arena: Arena, expected: dict[int, list[Event]], found: Sequence[Row]) -> Iterator[Finding]:
    corner = arena.corner
    for partition in expected.keys() | {each["partition"] for each in found}:
        nodes = [each for each in found if each["partition"] == partition]
        yield from chain_is((corner.topic, partition, corner.chain_id), expected.get(partition, []), nodes)


def _sent(arena: Arena, history: Sequence[Line]) -> Iterator[tuple[int, Event]]:
    """Yield the valid records with their partition, in the order of the log."""
    lines = [line for line in of_kind(history, "produced") if not line["poison"]]
    lines.sort(key=lambda line: (line["partition"], line["life"], line["offset"]))
    return ((line["partition"], arena.supply.stream[line["number"]].fields) for line in lines)


def _false_alarms(arena: Arena) -> Iterator[Finding]:
    """Run `audit verify` from every source: nobody has edited anything."""
    corner = arena.corner
    settings: Settings = arena.servers.settings().model_copy(update={"topology_path": corner.topology})
    topology = load_topology(corner.topology)
    sources = [Source.GRAPH, Source.TOPIC, *([Source.ARCHIVE] if _has_archive(arena) else [])]
    for source in sources:
        for task in asyncio.run(tasks(settings, topology, Request(source))):
            if task.chain.chain_id != corner.chain_id:
                continue  # its graph was emptied, and `audit verify` says so, rightly
            result = verify_chain(settings, task, lambda _: None)
            for finding in result.findings:
                yield Finding(Anomaly.FALSE_ALARM, f"--source {source}, {task.chain}: {finding.message}")
            if result.lag or not result.records:
                yield Finding(Anomaly.STUCK, f"--source {source}, {task.chain}: {result}")
