from typing import Any

import pytest

from tests.model import audit_edits
from tests.model.audit_edits import EDITS, Edit, Node, numbers
from tests.unit.ops.audit.nodes import Nodes
from workers.ops.audit.checkpoint_log import Log, Published
from workers.ops.audit.finding import Chain, Kind, Result
from workers.ops.audit.graph.events import Expected
from workers.ops.audit.graph.verify import verify_graph
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint

PLACE = ("audit-events", 3, "1")
CHAIN = Chain(*PLACE)
EVENTS = 60
NODES = audit_edits.chain_of([audit_edits.event(number, numbers(number)) for number in range(EVENTS)], PLACE)
EXPECTED = Expected(EVENTS, NODES[-1]["hash"])


def checkpoint(sequence: int, nodes: list[Node] = NODES) -> Published:
    made = Checkpoint(*PLACE, 1, sequence, nodes[sequence - 1]["hash"], "", [], "2026-11-30T00:00:00.000Z")
    return Published(made)


async def verified(nodes: list[Node], log: Log | None = None, expected: Expected = EXPECTED, **part: int) -> Result:
    source: Any = Nodes(nodes)
    return await verify_graph(source, CHAIN, log or Log(), expected, lambda _: None, **part)


async def test_an_unedited_chain_has_no_findings() -> None:
    result = await verified(NODES, Log([checkpoint(20), checkpoint(EVENTS)]))
    assert result.findings == []
    assert (result.records, result.head, result.hash) == (EVENTS, EVENTS, NODES[-1]["hash"])
    assert result.checkpoints == 2


@pytest.mark.parametrize("first", [2, 31, EVENTS])
async def test_a_part_of_a_chain_begins_after_the_record_before_it(first: int) -> None:
    result = await verified(NODES, first=first, last=EVENTS)
    assert (result.findings, result.records) == ([], EVENTS - first + 1)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("seed", range(12))
async def test_every_edit_is_found_and_named(edit: Edit, seed: int) -> None:
    edited = edit(NODES, PLACE, numbers(seed))
    result = await verified(edited.nodes)
    (finding,) = result.findings
    assert (finding.kind in edited.kinds, finding.sequence in edited.sequences) == (True, True), (edited.what, finding)


@pytest.mark.parametrize("cut", [1, 5])
async def test_a_cut_tail_is_found_by_the_last_checkpoint_alone(cut: int) -> None:
    result = await verified(NODES[:-cut], Log([checkpoint(EVENTS)]), Expected())
    (finding,) = result.findings
    assert (finding.kind, finding.sequence) == (Kind.TAIL_CUT, EVENTS - cut + 1)


async def test_a_rewritten_chain_is_found_at_the_first_checkpoint_after_the_change() -> None:
    edited = audit_edits.rewritten(NODES, PLACE, numbers(5))
    begin = edited.sequences[0]
    result = await verified(edited.nodes, Log([checkpoint(begin - 1), checkpoint(begin + 1)]), Expected())
    (finding,) = result.findings
    assert (finding.kind, finding.sequence) == (Kind.CHANGED, begin + 1)
    assert f"record of {begin:,} to {begin + 1:,}" in finding.message


async def test_without_anything_outside_of_the_graph_a_rewritten_chain_looks_whole() -> None:
    edited = audit_edits.rewritten(NODES, PLACE, numbers(5))
    assert (await verified(edited.nodes, expected=Expected())).findings == []
