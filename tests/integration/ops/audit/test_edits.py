"""Two hundred edits of audit events and checkpoints: each one is found and named, and nothing else is.

``pytest --audit-events 100000`` makes longer chains, in three to five minutes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from tests.integration.ops.audit.graph_of_chains import Chains
from tests.integration.ops.audit.signed_checkpoints import OURS, checkpoints_of, forged
from tests.model.audit_edits import EDITS, Edit, Edited, numbers
from workers.adapters.graph.connection import GraphConnection
from workers.core.record import ConsumedRecord
from workers.ops.audit.checkpoint_log import Log, read_log
from workers.ops.audit.finding import Chain, Finding
from workers.ops.audit.graph.events import Expected, GraphSource
from workers.ops.audit.graph.verify import verify_graph
from workers.ops.audit.signatures import PublicKeys

PARTITIONS, ALL_EDITS = 20, 200
KINDS = (*EDITS, None)
"""Every edit of a chain, and a forged checkpoint."""
Checkpoints = dict[int, list[ConsumedRecord]]


@pytest.fixture
async def chains(graph: GraphConnection, request: pytest.FixtureRequest) -> AsyncIterator[Chains]:
    made = Chains(graph, PARTITIONS, request.config.getoption("--audit-events") // PARTITIONS)
    await made.write()
    yield made
    await made.remove()


async def found(graph: GraphConnection, topic: str, checkpoints: Checkpoints) -> Mapping[int, list[Finding]]:
    """Verify as the command does: the chains that the graph names, what the worker has counted, the checkpoints."""
    source, keys = GraphSource(graph), PublicKeys({1: [OURS.public_key().public_bytes_raw()]})
    logs: Mapping[Chain, Log] = read_log([each for log in checkpoints.values() for each in log], keys)
    known: dict[Chain, Expected] = await source.chains(topic)
    results = await asyncio.gather(
        *(verify_graph(source, chain, logs[chain], known[chain], lambda _: None) for chain in known)
    )
    return {each.chain.partition: [*each.findings, *logs[each.chain].findings] for each in results}


async def test_every_edit_is_found_and_named_and_nothing_else_is(graph: GraphConnection, chains: Chains) -> None:
    rng, edits = numbers(15), 0
    nothing: dict[int, list[Finding]] = {number: [] for number in range(PARTITIONS)}
    checkpoints = {number: checkpoints_of((chains.topic, number, "1"), chains.nodes[number]) for number in nothing}
    assert await found(graph, chains.topic, checkpoints) == nothing
    while edits < ALL_EDITS:
        made, there = {}, dict(checkpoints)
        for number in range(PARTITIONS):
            edit = KINDS[(edits + number) % len(KINDS)]
            seed = rng.randrange(10**9)
            if edit is None:
                made[number], there[number] = forged(checkpoints[number], chains.nodes[number], numbers(seed))
            else:
                made[number] = drawn(chains, number, edit, seed)
        await asyncio.gather(*(chains.change(chains.nodes[at], edited.nodes) for at, edited in made.items()))
        for number, findings in (await found(graph, chains.topic, there)).items():
            assert findings, made[number].what
            named = (findings[0].kind in made[number].kinds, findings[0].sequence in made[number].sequences)
            assert named == (True, True), (made[number].what, findings)
        await asyncio.gather(*(chains.change(edited.nodes, chains.nodes[at]) for at, edited in made.items()))
        edits += PARTITIONS
    assert await found(graph, chains.topic, checkpoints) == nothing


def drawn(chains: Chains, partition: int, edit: Edit, seed: int) -> Edited:
    """Return an edit that the constraints of the graph allow: one record at each place."""
    place = (chains.topic, partition, "1")
    for attempt in range(100):
        edited = edit(chains.nodes[partition], place, numbers(seed + attempt))
        if len({each["sequence"] for each in edited.nodes}) == len(edited.nodes):
            return edited
    raise AssertionError(f"{edit.__name__} leaves no place unique")


@pytest.mark.parametrize("time", ["'yesterday'", "1790000000000", "date()", "localdatetime()", "null"])
async def test_an_event_whose_time_is_no_point_in_time_is_named(
    time: str, graph: GraphConnection, chains: Chains
) -> None:
    edit = f"MATCH (e:AuditEvent {{topic: $topic, partition: 3, sequence: 7}}) SET e.timestamp = {time}"
    await graph.rows(edit, topic=chains.topic)
    checkpoints = {number: checkpoints_of((chains.topic, number, "1"), nodes) for number, nodes in chains.nodes.items()}
    findings = await found(graph, chains.topic, checkpoints)
    named = [(number, each.kind, each.sequence) for number, of in findings.items() for each in of]
    assert named == [(3, "changed", 7)]
