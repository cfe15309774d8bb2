"""What is counted in haste equals what is read with care, in a real Kafka."""

from collections.abc import Iterable

import pytest

from tests.integration.ops.dead_letters.conftest import PARTITIONS, SourceTopic
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.adapters.kafka.topics import delete_records
from workers.ops.dead_letters import parallel
from workers.ops.dead_letters.count import Counts, Group
from workers.ops.dead_letters.journal import Sent, Who
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.verdict import Rules
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.tally import Tally

WHO = Who("r", "anna", "why", 1)


def with_care(source: SourceTopic, selection: Selection) -> list[Group]:
    """Count letter by letter."""
    letters = source.dead_letters()
    sent = Sent(letters)
    sent.look()
    counts = Counts(letters.topic, selection, sent.offsets)
    for letter in letters.selected(selection):
        counts.count(letter)
    return by_kind(counts.found)


def by_kind(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (group.code, group.stage, group.worker))


async def publish(source: SourceTopic, first: int) -> None:
    """Send letters of three codes, one of them too old to keep its timestamp, and one record of somebody else."""
    await source.publish(
        [
            *source.letters(range(first, first + 40), "avro.truncated"),
            *source.letters(range(first + 40, first + 70)),
            source.letter(source.record(first + 70, timestamp=5), "neo4j.type"),
        ]
    )
    producer = KeyedProducer(source.kafka, f"{source.name}.dlq")
    producer.produce(b"key", b"no letter", [("__dlq.errors.topic", b"x")])
    await producer.flush()


@pytest.mark.parametrize("in_one_process", [True, False])
@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(codes={"avro"}, keys={b"key 3"}),
        Selection(partition=1, offsets=(3, 20)),
        Selection(since=1_000_000_000_000, stages={"VALIDATE"}),
    ],
)
async def test_every_refresh_equals_a_count_from_the_start(
    source: SourceTopic, selection: Selection, monkeypatch: pytest.MonkeyPatch, *, in_one_process: bool
) -> None:
    monkeypatch.setattr(parallel, "WORTH_A_PROCESS", 1_000_000 if in_one_process else 30)
    monkeypatch.setattr(parallel, "HEAD_START", 0)
    tally = Tally([source.dead_letters()], selection)
    assert tally.refresh() == []
    for first, codes in ((0, {"avro"}), (100, {"field.missing"})):
        await publish(source, first)
        assert by_kind(tally.refresh()) == with_care(source, selection) != []
        replay = Replay(source.dead_letters(), Selection(codes=codes), Rules({source.name: PARTITIONS}))
        await replay.execute(WHO, None, lambda _: None)
        await source.records()
        assert by_kind(tally.refresh()) == with_care(source, selection)
    assert sum(group.replayed for group in tally.refresh()) > 0
    delete_records(Admin(source.kafka), f"{source.name}.dlq", {0: 9, 1: 5})
    assert by_kind(tally.refresh()) == with_care(source, selection)
