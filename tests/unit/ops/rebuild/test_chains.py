"""Whether chains can be the same again, and which checkpoint is the last."""

import pytest

from workers.core.record import ConsumedRecord, TopicPartition
from workers.ops.graph_check.watermarks import Log, Mark, PartitionMark
from workers.ops.rebuild.chains import last_of, obstacle
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint
from workers.pipelines.audit.fold.chain import ChainName
from workers.pipelines.audit.options import AuditOptions

OPTIONS = AuditOptions(topic="events", group="g-2", chain_id="2")


def mark(low: int, committed: int | None, offset: int | None = None) -> PartitionMark:
    there = None if offset is None else Mark(offset, "id")
    return PartitionMark("audit", "events", 0, there, Log("id", low, 20), committed)


def checkpoint(number: int, chain_id: str = "2", topic: str = "events") -> Checkpoint:
    return Checkpoint(topic, 0, chain_id, number, number * 10, "ab", "", [], "2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize(
    ("found", "records"),
    [
        pytest.param(mark(0, 10), 0, id="the topic has them all"),
        pytest.param(mark(5, 10), 5, id="retention has removed the first ones"),
        pytest.param(mark(5, None), 0, id="the group has taken none: there is no chain yet"),
        pytest.param(mark(5, 10, offset=6), 0, id="they were folded before they were removed"),
        pytest.param(mark(9, 10, offset=6), 2, id="some were removed before they were folded"),
    ],
)
def test_a_chain_needs_all_of_its_records(found: PartitionMark, records: int) -> None:
    says = obstacle(OPTIONS, [mark(0, 10), found], {})
    assert (says or "").startswith(f"{records} of its first records are no longer in events") is bool(records)
    assert "graph restore" in (says or "graph restore")


def test_a_chain_before_this_one_is_an_obstacle() -> None:
    known = last_of(records(checkpoint(1, "1"), checkpoint(1)), "events")
    assert "had the chain 1 before chain 2" in (obstacle(OPTIONS, [mark(0, 10)], known) or "")
    assert obstacle(OPTIONS, [mark(0, 10)], last_of(records(checkpoint(1)), "events")) is None


def test_the_last_checkpoint_of_each_chain_is_found() -> None:
    sent = records(checkpoint(1), checkpoint(2), checkpoint(1, "1"), checkpoint(7, topic="others"))
    found = last_of([*sent, ConsumedRecord("audit-checkpoints", 0, 9, 0, b"k", b"no checkpoint")], "events")
    names = {chain: ChainName.of(TopicPartition("events", 0), chain) for chain in ("1", "2")}
    assert {name: each.number for name, each in found.items()} == {names["2"]: 2, names["1"]: 1}


def records(*checkpoints: Checkpoint) -> list[ConsumedRecord]:
    return [ConsumedRecord("audit-checkpoints", 0, 0, 0, b"k", each.canonical) for each in checkpoints]
