"""``audit verify``, as an operator runs it, over a topic and a graph that agree, and ones that do not."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ops.audit.graph_of_chains import Chains
from tests.integration.ops.audit.log_of_chains import create_topics, send, topology_of
from tests.model.audit_edits import Node, inserted, numbers, property_changed, removed, rewritten, swapped, tail_cut
from workers.adapters.graph.connection import GraphConnection
from workers.cli.main import app
from workers.core.errors import ProblemsFound

PARTITIONS, EVENTS = 3, 200


@pytest.fixture
async def chains(graph: GraphConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Chains]:
    made = Chains(graph, PARTITIONS, EVENTS)
    create_topics({made.topic: PARTITIONS, f"{made.topic}.dlq": PARTITIONS})
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(topology_of(made, tmp_path)))
    await made.write()
    await send(made, graph)
    yield made
    await made.remove()


async def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[bool, list[dict[str, Any]]]:
    """Run the command beside this test's loop; return whether it found no problem, and its chains."""

    def command() -> bool:
        try:
            app(["audit", "verify", "-o", "json", *arguments], standalone_mode=False)
        except ProblemsFound:
            return False
        return True

    whole = await asyncio.to_thread(command)
    document = json.loads(capsys.readouterr().out)
    assert document["whole"] == whole
    return whole, document["chains"]


@pytest.mark.parametrize("source", ["topic", "graph"])
async def test_what_was_not_edited_is_whole_and_what_is_not_read_yet_is_lag(
    source: str, chains: Chains, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, found = await run(capsys, "--source", source)
    assert whole, found
    assert [each["partition"] for each in found] == [0, 1, 2]
    assert {(each["records"], each["head"], each["lag"]) for each in found} == {(EVENTS, EVENTS, 2)}
    assert [each["hash"] for each in found] == [nodes[-1]["hash"] for nodes in chains.nodes.values()]


async def test_the_topic_names_what_was_edited_in_the_graph(chains: Chains, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, edit in enumerate((removed, swapped, tail_cut, rewritten)):
        before, place = chains.nodes[1], (chains.topic, 1, "1")
        edited = edit(before, place, numbers(seed))
        await chains.change(before, edited.nodes)
        whole, found = await run(capsys, "--source", "topic", "--partition", "1")
        ((finding,),) = [each["findings"] for each in found]
        assert not whole
        assert (finding["kind"], finding["sequence"]) == (edited.kinds[0], edited.sequences[0]), (edited.what, finding)
        await chains.change(edited.nodes, before)
    assert (await run(capsys, "--source", "topic"))[0]


async def test_an_inserted_record_is_named_by_the_topic(chains: Chains, capsys: pytest.CaptureFixture[str]) -> None:
    before = chains.nodes[2]
    edited = next(
        each
        for each in (inserted(before, (chains.topic, 2, "1"), numbers(seed)) for seed in range(50))
        if len({node["sequence"] for node in each.nodes}) == len(each.nodes)
    )
    await chains.change(before, edited.nodes)
    _, found = await run(capsys, "--source", "topic", "--partition", "2")
    ((finding,),) = [each["findings"] for each in found]
    assert (finding["kind"], finding["sequence"]) == ("inserted", edited.sequences[0])


async def test_a_part_by_time_is_verified_alone(chains: Chains, capsys: pytest.CaptureFixture[str]) -> None:
    middle: Node = chains.nodes[0][100]
    text = datetime.fromtimestamp(middle["timestamp"] / 1000, UTC).isoformat()
    whole, found = await run(capsys, "--source", "graph", "--partition", "0", "--since", text)
    assert whole
    assert found[0]["records"] == EVENTS - 100
    edited = property_changed(chains.nodes[0][:50], (chains.topic, 0, "1"), numbers(1))
    await chains.change(chains.nodes[0], [*edited.nodes, *chains.nodes[0][50:]])
    assert (await run(capsys, "--source", "graph", "--partition", "0", "--since", text))[0]
    assert not (await run(capsys, "--source", "graph", "--partition", "0"))[0]
