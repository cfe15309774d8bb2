"""A worker's gauges of the dead letters follow what happens to them in a real Kafka."""

from typing import Any

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from tests.integration.ops.dead_letters.conftest import PARTITIONS, SourceTopic
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.dead_letter_topic import KafkaDeadLetterTopic
from workers.adapters.kafka.producer import KafkaProducer
from workers.adapters.kafka.replays import SUFFIX
from workers.adapters.kafka.topic_plan import Action, TopicChange
from workers.adapters.kafka.topics import apply_changes, await_leaders
from workers.core.clock import SystemClock
from workers.core.record import OutgoingRecord
from workers.engine.dead_letters import gauges as module
from workers.engine.dead_letters.gauges import DeadLetterGauges
from workers.observe.metrics import Metrics
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.purge import delete, plan_purge
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.tally import tally

HOUR_MS = 3_600_000
WHO = Who("replay-1", "anna", "repaired", 1)


class Gauges:
    """The gauges of a process that leads, with a round whenever ``shown`` is called."""

    def __init__(self, source: SourceTopic) -> None:
        self._metrics, self._topic = Metrics(), f"{source.name}.dlq"
        letters = KafkaDeadLetterTopic(source.kafka, source.name)
        self._gauges = DeadLetterGauges(letters, source.name, lambda: True, self._metrics, SystemClock())

    async def shown(self) -> dict[str, float]:
        """Count, and return the letters that wait, by code."""
        await self._gauges.look()
        return {code: value for code, value in self._samples("waiting").items() if code}

    def age(self, code: str) -> float:
        """Return the age of the oldest letter of a code."""
        return self._samples("oldest_age_seconds")[code]

    def near_retention(self) -> float:
        """Return the share that is deleted soon."""
        return self._samples("near_retention_ratio")[""]

    def _samples(self, name: str) -> dict[str, float]:
        full = f"llm_memory_graph_dead_letters_{name}"
        families = self._metrics.registry.collect()
        samples = [each for family in families for each in family.samples if each.name == full]
        assert {each.labels["topic"] for each in samples} <= {self._topic}
        return {each.labels.get("code", ""): each.value for each in samples}


@pytest.fixture
def gauges(source: SourceTopic, monkeypatch: pytest.MonkeyPatch) -> Gauges:
    monkeypatch.setattr(module, "ROUND_SECONDS", 0.0)
    return Gauges(source)


def listed(source: SourceTopic) -> dict[str, float]:
    """Return what ``memory-graph dlq list`` shows as not replayed, by code."""
    groups = tally([source.dead_letters()], Selection())
    return {group.code: group.letters - group.replayed for group in groups if group.letters > group.replayed}


async def send(source: SourceTopic, record: OutgoingRecord) -> None:
    """Send a record as any program may."""
    producer = KafkaProducer(librdkafka_config(source.kafka))
    await producer.send([record])
    await producer.aclose()


async def replay(source: SourceTopic, target: str = "", **changed: Any) -> None:
    """Send dead letters back, and return when the markers of the transactions are written."""
    rules = Rules({source.name: PARTITIONS}, target=target)
    await Replay(source.dead_letters(), rules=rules, **changed).execute(WHO, None, lambda _: None)
    for topic in (source.name, f"{source.name}.dlq"):
        await source.records(topic)


async def test_gauges_follow_new_replayed_and_deleted_letters(source: SourceTopic, gauges: Gauges) -> None:
    assert await gauges.shown() == {}
    assert gauges.near_retention() == 0
    await source.publish(source.letters(range(30), "field.missing"))
    await source.publish(source.letters(range(30, 35), "avro.truncated"))
    assert await gauges.shown() == listed(source) == {"field.missing": 30, "avro.truncated": 5}
    assert 0 <= gauges.age("avro.truncated") < 600

    await replay(source, selection=Selection(codes={"field.missing"}), limit=20)
    assert await gauges.shown() == listed(source) == {"field.missing": 10, "avro.truncated": 5}
    await replay(source, selection=Selection(codes={"avro"}), target=f"{source.name}.dlq")
    expected = {"field.missing": 10, "avro.truncated": 5, "unknown": 5}
    assert await gauges.shown() == listed(source) == expected, "a trial in another topic is no replay"

    delete(source.dead_letters(), plan_purge(source.dead_letters(), Selection(codes={"field"})))
    assert await gauges.shown() == listed(source) == {"avro.truncated": 5, "unknown": 5}
    delete(source.dead_letters(), plan_purge(source.dead_letters(), Selection()))
    assert await gauges.shown() == {}


async def test_records_of_other_programs_are_bounded(source: SourceTopic, gauges: Gauges) -> None:
    await send(source, OutgoingRecord(f"{source.name}.dlq", None, b"x", 0, timestamp=source.now - 2 * HOUR_MS))
    assert await gauges.shown() == {"unknown": 1}
    await source.publish([letter for n in range(100) for letter in source.letters([n], f"code.{n}")])
    await source.publish(source.letters([100, 101], "give me all your labels"))
    shown = await gauges.shown()
    assert len(shown) == 64
    assert (shown["unknown"], sum(shown.values())) == (1, 103)
    assert gauges.age("unknown") == pytest.approx(2 * 3_600, abs=600)


async def test_what_is_no_entry_of_the_journal_changes_nothing(source: SourceTopic, gauges: Gauges) -> None:
    await source.publish(source.letters(range(6)))
    await replay(source, selection=Selection(), limit=2)
    place = f'"partition": 0, "offset": 1, "target": "{source.name}"'
    for value in (None, b"", b"[" * 100_000, b'"\xff"', b"{}", f'{{"topic_id": "another", {place}}}'.encode()):
        await send(source, OutgoingRecord(f"{source.name}.dlq{SUFFIX}", None, value, 0))
    assert await gauges.shown() == listed(source) == {"field.missing": 4}
    plan = await Replay(source.dead_letters(), Selection(), Rules({source.name: PARTITIONS})).plan()
    assert plan.count(Verdict.SEND) == 4


async def test_the_share_near_its_end_is_of_letters_that_retention_deletes_within_a_day(
    source: SourceTopic, gauges: Gauges
) -> None:
    old = source.now - 132 * HOUR_MS
    await source.publish([source.letter(source.record(number, timestamp=old)) for number in range(3)])
    await source.publish(source.letters(range(3, 12)))
    await gauges.shown()
    assert gauges.near_retention() == 0
    kept = TopicChange(f"{source.name}.dlq", Action.ALTER_CONFIG, PARTITIONS, {"retention.ms": str(144 * HOUR_MS)}, "")
    apply_changes(Admin(source.kafka), [kept], replication_factor=1, execute=True)
    await gauges.shown()
    assert gauges.near_retention() == 3 / 12
    await replay(source, selection=Selection(offsets=(0, 0), partition=0))
    await gauges.shown()
    assert gauges.near_retention() == 2 / 11


async def test_a_topic_that_was_created_again_is_counted_from_its_beginning(
    source: SourceTopic, gauges: Gauges
) -> None:
    await source.publish(source.letters(range(6)))
    await replay(source, selection=Selection())
    assert await gauges.shown() == {}
    admin, topic = Admin(source.kafka), f"{source.name}.dlq"
    admin.results(admin.client.delete_topics([topic]))
    assert await gauges.shown() == {}
    admin.results(admin.client.create_topics([NewTopic(topic, PARTITIONS, 1)]))
    await_leaders(admin, {topic: PARTITIONS})
    await source.publish(source.letters(range(9), "avro.truncated"))
    assert await gauges.shown() == {"avro.truncated": 9}
