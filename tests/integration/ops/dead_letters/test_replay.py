"""Replays with a real Kafka: each letter has one effect, in order."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import pytest

from tests.integration.ops.dead_letters.conftest import LARGEST_BYTES, PARTITIONS, SourceTopic
from workers.adapters.kafka.headers import PREFIX
from workers.adapters.kafka.sole_member import sole_member
from workers.adapters.kafka.transactions import Transactions
from workers.core.clock import SystemClock
from workers.core.errors import ProblemsFound
from workers.core.record import ConsumedRecord, OutgoingRecord
from workers.ops.dead_letters.audit import REPLAY_STARTED, REPLAYED
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.replay_tally import Tally
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.tally import tally

WHO = Who("replay-1", "anna", "the schema is there now", 1)
DAYS_AGO = SystemClock().now_ms() - 3 * 24 * 3_600_000
KILLS = 3
MANY = 900
AuditEvents: TypeAlias = Callable[[str], Awaitable[list[Mapping[str, Any]]]]


def replay_of(source: SourceTopic, **changed: Any) -> Replay:
    return Replay(
        source.dead_letters(), **{"selection": Selection(), "rules": Rules({source.name: PARTITIONS}), **changed}
    )


def ignore(_: Tally) -> None:
    """Show no progress."""


async def test_a_letter_comes_back_as_its_record_was_and_says_which_replay_sent_it(source: SourceTopic) -> None:
    await source.publish(source.letters(range(10)))
    assert (await replay_of(source).plan()).count(Verdict.SEND) == 10
    assert await source.records() == [], "a plan sends nothing"

    await replay_of(source).execute(WHO, None, ignore)
    assert {_bare(each) for each in await source.records()} == {_bare(source.record(number)) for number in range(10)}
    added = {
        (name, value) for each in await source.records() for name, value in each.headers if name.startswith(PREFIX)
    }
    assert added == {
        (f"{PREFIX}first.failed.at", str(source.now).encode()),
        (f"{PREFIX}replay.id", b"replay-1"),
        (f"{PREFIX}replay.count", b"1"),
        *((f"{PREFIX}first.offset", b"%d" % number) for number in range(10)),
    }


async def test_a_large_record_comes_back(source: SourceTopic) -> None:
    large = source.record(1, value=b"x" * (LARGEST_BYTES // 2))
    await source.publish([source.letter(large)])
    await replay_of(source).execute(WHO, None, ignore)
    assert [each.value for each in await source.records()] == [large.value]


@pytest.mark.parametrize("timestamp", [-1, 1_700_000_000_000, DAYS_AGO], ids=["none", "of a year ago", "of days ago"])
async def test_no_record_comes_back_as_old_as_the_retention(source: SourceTopic, timestamp: int) -> None:
    await source.publish([source.letter(source.record(4, timestamp=timestamp))])
    await replay_of(source).execute(WHO, None, ignore)
    (record,) = await source.records()
    assert (record.value, record.timestamp >= source.now) == (b"value 4", True), "Kafka would delete it within minutes"


async def test_a_replay_is_no_faster_than_its_rate(source: SourceTopic) -> None:
    await source.publish(source.letters(range(12)))
    sent, began = list[int](), time.monotonic()
    await replay_of(source).execute(WHO, 4.0, lambda tally: sent.append(tally.letters))
    assert time.monotonic() - began >= 3.0
    assert sent == [4, 8, 12], "in portions of a second"


async def test_a_rate_below_one_a_second_sends_one_at_a_time(source: SourceTopic) -> None:
    await source.publish(source.letters(range(2)))
    began = time.monotonic()
    await replay_of(source).execute(WHO, 0.8, ignore)
    assert time.monotonic() - began >= 2.5
    assert len(await source.records()) == 2


async def test_a_replay_that_is_run_again_sends_nothing(source: SourceTopic) -> None:
    await source.publish(source.letters(range(10)))
    await replay_of(source, limit=4).execute(WHO, None, ignore)
    assert len(await source.records()) == 4
    for _ in range(2):
        await replay_of(source).execute(WHO, None, ignore)
        assert len(await source.records()) == 10
    (group,) = tally([source.dead_letters()], Selection())
    assert (group.letters, group.replayed, group.code) == (10, 10, "field.missing")


async def test_a_record_that_a_worker_dead_lettered_twice_comes_back_once(source: SourceTopic) -> None:
    await source.publish([*source.letters([1]), *source.letters([1])])
    done = await replay_of(source).execute(WHO, None, ignore)
    assert (done.count(Verdict.SEND), done.count(Verdict.COPY)) == (1, 1)
    assert len(await source.records()) == 1


async def test_what_failed_after_enough_replays_waits_until_more_are_allowed(source: SourceTopic) -> None:
    counted = source.record(1, headers=[(f"{PREFIX}replay.count", b"3"), (f"{PREFIX}first.failed.at", b"7")])
    await source.publish([source.letter(counted)])
    done = await replay_of(source).execute(WHO, None, ignore)
    assert done.count(Verdict.QUARANTINED) == 1
    await replay_of(source, rules=Rules({source.name: PARTITIONS}, max_replays=4)).execute(WHO, None, ignore)
    (record,) = await source.records()
    assert dict(record.headers)[f"{PREFIX}replay.count"] == b"4"
    assert dict(record.headers)[f"{PREFIX}first.failed.at"] == b"7"


async def test_a_letter_from_nowhere_and_one_of_another_topic_stay(source: SourceTopic) -> None:
    await source.publish(source.letters([1]))
    Transactions(source.kafka, source.name).send([OutgoingRecord(f"{source.name}.dlq", None, b"no headers", 0)])
    done = await replay_of(source, rules=Rules({"another": 1})).execute(WHO, None, ignore)
    assert (done.count(Verdict.OTHER_TOPIC), done.count(Verdict.NO_ORIGIN)) == (1, 1)
    assert await source.records() == []


async def test_a_trial_in_another_topic_does_not_count_as_a_replay(source: SourceTopic) -> None:
    await source.publish(source.letters(range(3)))
    trial = f"{source.name}.dlq"  # any topic that exists
    await replay_of(source, rules=Rules({source.name: PARTITIONS}, target=trial)).execute(WHO, None, ignore)
    assert len(await source.records(trial)) == 6
    again = await replay_of(source, rules=Rules({source.name: PARTITIONS}, target=trial)).execute(WHO, None, ignore)
    assert again.count(Verdict.SENT_BEFORE) == 3, "a trial is not sent twice either"
    assert (await replay_of(source).plan()).count(Verdict.SENT_BEFORE) == 0


async def test_the_plan_counts_keys_that_have_later_records(source: SourceTopic) -> None:
    later = [source.record(number) for number in range(30)]
    Transactions(source.kafka, source.name).send(
        [OutgoingRecord(each.topic, each.key, each.value, each.partition) for each in later]
    )
    placed = {(each.partition, each.key): each for each in await source.records()}
    last = max(placed.values(), key=lambda each: each.offset)
    first = (await source.records())[0]
    await source.publish([source.letter(first), source.letter(last)])
    assert (await replay_of(source).plan()).overtaken == 1


async def test_a_replay_names_who_is_at_it(source: SourceTopic) -> None:
    group, topic = f"memory-graph-dlq.{source.name}.dlq", f"{source.name}.dlq"
    with (
        sole_member(source.kafka, group, topic, "anna@host"),
        pytest.raises(ProblemsFound, match=r"anna@host \(.*\) is at it"),
        sole_member(source.kafka, group, topic, "bert@host"),
    ):
        pytest.fail("two at once")


async def test_the_later_of_two_replays_goes_on_and_the_earlier_one_stops(source: SourceTopic) -> None:
    earlier = Transactions(source.kafka, source.name)
    later = Transactions(source.kafka, source.name)
    with pytest.raises(ProblemsFound, match="another process has continued"):
        earlier.send([OutgoingRecord(source.name, b"k", b"earlier")])
    later.send([OutgoingRecord(source.name, b"k", b"later")])
    assert [each.value for each in await source.records()] == [b"later"]


async def test_a_replay_that_is_killed_again_and_again_sends_each_letter_once_and_in_order(
    source: SourceTopic, audit_events: AuditEvents
) -> None:
    await source.publish(source.letters(range(MANY)))
    for _ in range(KILLS):
        sent = len(source.committed())
        running = _start(source, "--rate", "60")
        deadline = time.monotonic() + 60
        while len(source.committed()) <= sent:
            assert running.poll() is None, "it ended, its output is above"
            assert time.monotonic() < deadline, "nothing is sent"
            await asyncio.sleep(0.1)
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert 0 < len(source.committed()) < MANY, "each was killed on the way"
    ended = _start(source)
    assert ended.wait(120) == 0, "its output is above"
    records = await source.records()
    for partition in range(PARTITIONS):
        values = [each.value for each in records if each.partition == partition]
        assert values == [b"value %d" % number for number in range(MANY) if number % PARTITIONS == partition]
    events = await audit_events(f"{source.name}.dlq")
    assert [each["event_type"] for each in events].count(REPLAY_STARTED) == KILLS + 1, "none sent without an event"
    (done,) = (each for each in events if each["event_type"] == REPLAYED)
    assert (done["reason"], done["actor_id"], done["access_granted"]) == ("a test", "anna", True)
    assert 0 < int(done["details"]["sent"]) < MANY


def _start(source: SourceTopic, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "workers.cli.main", "dlq", "replay", "--topic", source.name]
    command += ["--allow-topic", source.name, "--execute", "--why", "a test", "--as", "anna", *options]
    return subprocess.Popen(command, env=dict(os.environ))


def _bare(record: ConsumedRecord) -> tuple[Any, ...]:
    headers = tuple(header for header in record.headers if not header[0].startswith(PREFIX))
    return record.partition, record.key, record.value, record.timestamp, headers
