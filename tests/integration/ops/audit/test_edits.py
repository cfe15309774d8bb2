"""Two hundred edits of the graph's audit events: each one is found and named, and nothing else is."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.ops.audit.graph_of_chains import Chains
from tests.model.audit_edits import EDITS, Edited, numbers
from workers.adapters.graph.connection import GraphConnection
from workers.ops.audit.checkpoint_log import Log
from workers.ops.audit.finding import Chain, Finding
from workers.ops.audit.graph.events import Expected, GraphSource
from workers.ops.audit.graph.verify import verify_graph

PARTITIONS, EVENTS, ALL_EDITS = 20, 100, 200


@pytest.fixture
async def chains(graph: GraphConnection) -> AsyncIterator[Chains]:
    made = Chains(graph, PARTITIONS, EVENTS)
    await made.write()
    yield made
    await made.remove()


async def found(graph: GraphConnection, topic: str) -> dict[int, list[Finding]]:
    """Verify as the command does: the chains that the graph names, and what the worker has counted."""
    source = GraphSource(graph)
    known: dict[Chain, Expected] = await source.chains(topic)
    results = [await verify_graph(source, chain, Log(), known[chain], lambda _: None) for chain in known]
    return {result.chain.partition: result.findings for result in results}


async def test_every_edit_is_found_and_named_and_nothing_else_is(graph: GraphConnection, chains: Chains) -> None:
    rng, edits = numbers(15), 0
    assert await found(graph, chains.topic) == {number: [] for number in range(PARTITIONS)}
    while edits < ALL_EDITS:
        made = {number: drawn(chains, number, edits + number, rng.randrange(10**9)) for number in range(PARTITIONS)}
        for number, edited in made.items():
            await chains.change(chains.nodes[number], edited.nodes)
        for number, findings in (await found(graph, chains.topic)).items():
            (finding,) = findings
            named = (finding.kind in made[number].kinds, finding.sequence in made[number].sequences)
            assert named == (True, True), (made[number].what, finding)
        for number, edited in made.items():
            await chains.change(edited.nodes, chains.nodes[number])
        edits += PARTITIONS
    assert await found(graph, chains.topic) == {number: [] for number in range(PARTITIONS)}


def drawn(chains: Chains, partition: int, turn: int, seed: int) -> Edited:
    """Return an edit, each kind in its turn, that the constraints of the graph allow: one record at each place."""
    place, edit = (chains.topic, partition, "1"), EDITS[turn % len(EDITS)]
    for attempt in range(100):
        edited = edit(chains.nodes[partition], place, numbers(seed + attempt))
        if len({each["sequence"] for each in edited.nodes}) == len(edited.nodes):
            return edited
    raise AssertionError(f"{edit.__name__} leaves no place unique")
