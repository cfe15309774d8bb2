"""Seeded bugs: each breaks one guarantee, and the checker must detect it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace as with_other
from enum import StrEnum
from threading import Timer
from typing import Any
from unittest import mock

from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as driver

from tests.chaos.hooks import replace
from tests.chaos.running.points import InjectedBug
from workers.adapters.graph import watermark
from workers.adapters.graph.errors import classified
from workers.adapters.graph.writer import Neo4jWriter
from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.adapters.kafka.topic_state import KafkaTopicStates
from workers.config.environment import current_secret
from workers.core.job import ObjectStep, PublishSigned
from workers.core.ports import Claim
from workers.core.record import Record, TopicPartition
from workers.core.reference import Query
from workers.core.statement import Statement
from workers.engine.assignment import Assignment
from workers.engine.batch.decode import DecodedBatch
from workers.engine.batch.key_order import KeyOrder
from workers.engine.batch.parked_keys import ParkedKeys
from workers.engine.batch.partition_queue import PartitionQueue
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.chunk import Chunk
from workers.engine.consumer.thread import ConsumerThread
from workers.engine.consumer.unreadable import ReadableRecords
from workers.engine.jobs.objects import Objects
from workers.engine.jobs.signing import Signing
from workers.engine.state.known_keys import KnownKeys
from workers.engine.state.recovery import PatientRecovery
from workers.engine.state.table import StateTable
from workers.pipelines.audit import worker as audit
from workers.pipelines.telemetry.fold import fold as telemetry_fold


class Bug(StrEnum):
    """The kinds of bugs. The worker under test gets one by its name."""

    COMMIT_BEFORE_WRITE = "commit_before_write"
    COMMIT_ON_EXCEPTION = "commit_on_exception"
    NO_FENCE = "no_fence"
    COMMIT_PAST_IN_FLIGHT = "commit_past_in_flight"
    EARLIER_CLAIM_BELIEVED = "earlier_claim_believed"
    NOTHING_RESTORED = "nothing_restored"
    OFFSET_NOT_COMPARED = "offset_not_compared"
    DEAD_LETTER_NOT_AWAITED = "dead_letter_not_awaited"
    TWO_TRANSACTIONS = "two_transactions"
    UNBOUNDED_INTAKE = "unbounded_intake"
    RECOVERY_GIVEN_UP = "recovery_given_up"
    TOPIC_ASKED_ONCE = "topic_asked_once"
    PASSWORD_READ_ONCE = "password_read_once"
    NEVER_SUSPECTED = "never_suspected"
    ABORTED_READ = "aborted_read"
    KEYS_NOT_READ = "keys_not_read"
    PARKED_KEYS_NOT_READ = "parked_keys_not_read"
    HEAD_IN_ANOTHER_TRANSACTION = "head_in_another_transaction"
    CHAIN_BEGUN_AGAIN = "chain_begun_again"
    HELD_CHECKPOINT_PUBLISHED = "held_checkpoint_published"
    NOTED_BEFORE_THE_OBJECT = "noted_before_the_object"
    DAMAGED_FETCH_DROPPED = "damaged_fetch_dropped"
    TOKENS_LEFT_OUT = "tokens_left_out"


def _commit_before_write() -> None:
    """Acknowledge a batch as soon as it is built."""
    acknowledgements, batch = _acknowledgements(), PartitionQueue.batch

    async def batching(self: PartitionQueue, *arguments: Any) -> Sequence[Record]:
        records = await batch(self, *arguments)
        acknowledgements[0].acknowledge(self._topic_partition, records[-1].offset)
        return records

    replace(PartitionQueue, "batch", batching)


def _commit_on_exception() -> None:
    """Treat an exception as the end of the batch, as Faust's agents do."""
    write = Neo4jWriter.write

    async def writing(self: Neo4jWriter, claim: Claim, *arguments: Any) -> Claim:
        try:
            return await write(self, claim, *arguments)
        except InjectedBug:
            return claim

    replace(Neo4jWriter, "write", writing)


def _no_fence() -> None:
    """Do not compare the token."""
    advance = watermark.ADVANCE.replace("w.token = claim.token AND w.offset = claim.after", "w.offset < claim.through")
    standing = watermark.READ_OWNER.replace("w.token = $token AS owned", "true AS owned")
    assert advance != watermark.ADVANCE
    assert standing != watermark.READ_OWNER
    mock.patch.object(watermark, "ADVANCE", advance).start()
    mock.patch("workers.adapters.graph.writer.READ_OWNER", standing).start()
    replace(Neo4jWriter, "_explain_silence", _takes_silence_for_success)


async def _takes_silence_for_success(*_: Any) -> None:
    """Treat a write rejected by the watermark as already done."""


def _commit_past_in_flight() -> None:
    """Skip the one record in flight, as Faust does (faust-streaming #606)."""
    accept, acknowledge = Assignment.accept, Acknowledged.acknowledge
    fetched: dict[TopicPartition, int] = {}

    def accepting(self: Assignment, chunk: Chunk) -> None:
        fetched[chunk.topic_partition] = chunk.last_offset
        accept(self, chunk)

    def acknowledging(self: Acknowledged, topic_partition: TopicPartition, through: int) -> None:
        in_flight = fetched.get(topic_partition, through) > through
        acknowledge(self, topic_partition, through + in_flight)

    replace(Assignment, "accept", accepting)
    replace(Acknowledged, "acknowledge", acknowledging)


def _earlier_claim_believed() -> None:
    """Use the cache despite another worker's claim or a changed graph."""
    replace(StateTable, "new_claim", lambda _: 1)


def _nothing_restored() -> None:
    """Treat a state that is not in memory as new."""

    async def reading(_self: Neo4jWriter, _cypher: str, _worker: str, _keys: Sequence[str]) -> dict[str, Any]:
        return {}

    replace(Neo4jWriter, "stored", reading)


def _offset_not_compared() -> None:
    """Compare only the token, even in a restored graph; ignore its watermarks."""
    advance = watermark.ADVANCE.replace("w.offset = claim.after", "w.offset < claim.through")
    assert advance != watermark.ADVANCE
    mock.patch.object(watermark, "ADVANCE", advance).start()
    replace(Assignment, "idle_claims", lambda _: {})


def _dead_letter_not_awaited() -> None:
    """Send dead letters a minute later, and wait for no confirmation.

    What is sent at once may reach the socket of a frozen broker, and is not lost with the worker.
    """
    publish, under_way = KafkaDeadLetters.publish, set()

    async def publish_later(self: KafkaDeadLetters, letters: Any) -> None:
        await asyncio.sleep(60)
        await publish(self, letters)

    async def publishing(self: KafkaDeadLetters, letters: Any) -> None:
        under_way.add(asyncio.ensure_future(publish_later(self, letters)))

    replace(KafkaDeadLetters, "publish", publishing)


def _two_transactions() -> None:
    """Write the pages of the ledger first, and their seals with the watermark one second later."""
    write = Neo4jWriter.write

    async def writing(self: Neo4jWriter, claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        pages = [statement for statement in statements if statement.name == "write"]
        with classified():
            async with self._driver.session(database=self._database) as session:
                for statement in pages:
                    await (await session.run(statement.cypher, {"rows": statement.rows})).consume()
        await asyncio.sleep(1)
        return await write(self, claim, through, [each for each in statements if each not in pages])

    replace(Neo4jWriter, "write", writing)


def _unbounded_intake() -> None:
    """Fetch without limit, even when many records already wait."""
    from workers.engine.consumer.buffer import RecordBuffer  # noqa: PLC0415 - where the bug lies

    replace(RecordBuffer, "with_room", lambda self, topic_partitions: set(topic_partitions))


def _recovery_given_up() -> None:
    """Give a step of the recovery a time, as Faust does, and stop for good after it."""
    replace(PatientRecovery, "_wait", Recovery._wait)  # noqa: SLF001 - what Faust does


def _topic_asked_once() -> None:
    """Believe for ever what Kafka said about the topic at first."""
    ask = KafkaTopicStates._ask  # noqa: SLF001 - the one place that asks

    async def asking(self: KafkaTopicStates) -> Any:
        return self._known or await ask(self)

    replace(KafkaTopicStates, "_ask", asking)


def _password_read_once() -> None:
    """Log in with the password of the start."""
    first: dict[str, str] = {}
    mock.patch(
        "workers.adapters.graph.driver.current_secret",
        lambda name, at_start: first.setdefault(name, current_secret(name, at_start)),
    ).start()


def _never_suspected() -> None:
    """Take every failure of a transaction for the server's."""
    mock.patch("workers.engine.batch.delivery.SUSPECT_AFTER", None).start()


def _aborted_read() -> None:
    """Read what was not committed, as Faust does."""
    create = driver.AIOKafkaConsumerThread._create_worker_consumer  # noqa: SLF001 - what Faust does
    replace(ConsumerThread, "_create_worker_consumer", create)


def _keys_not_read() -> None:
    """Trust the filter of known keys without the graph's keys in it.

    They are never read: on a busy machine they could all be in it before the first batch.
    """

    async def reading(_self: KnownKeys, _claims: int) -> None:
        return None

    replace(KnownKeys, "read", reading)
    replace(KnownKeys, "covers", lambda *_: True)


def _parked_keys_not_read() -> None:
    """Hold back what comes after a dead letter of its key only in the same batch."""

    async def order(_self: ParkedKeys, _claim: Claim, batch: DecodedBatch[Any]) -> KeyOrder:
        return KeyOrder({}, batch)

    replace(ParkedKeys, "order", order)


def _head_in_another_transaction() -> None:
    """Write the events of a chain first, and a second later where the chain stands."""
    write = Neo4jWriter.write

    async def writing(self: Neo4jWriter, claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        heads = [statement for statement in statements if statement.name == "AuditChain"]
        written = await write(self, claim, through, [each for each in statements if each not in heads])
        await asyncio.sleep(1)
        with classified():
            async with self._driver.session(database=self._database) as session:
                for each in heads:
                    await (await session.run(each.cypher, {"rows": each.rows})).consume()
        return written

    replace(Neo4jWriter, "write", writing)


def _chain_begun_again() -> None:
    """Begin the chain again in a graph that has lost it, from the records that the topic still has."""
    chain_of = audit.chain_of

    def forgiving(*which: Any, **named: Any) -> Any:
        return with_other(chain_of(*which, **named), on_new_graph="reset")

    mock.patch.object(audit, "chain_of", forgiving).start()


def _held_checkpoint_published() -> None:
    """Publish without a signature what had to wait for one."""
    headers = Signing.headers
    replace(Signing, "headers", lambda self, effect: headers(self, PublishSigned(*effect)._replace(hold=False)))


def _noted_before_the_object() -> None:
    """Note an object of the archive at once, and put it a minute later."""
    done = Objects._done  # noqa: SLF001 - the one place that puts

    def doing(self: Objects, step: ObjectStep) -> Sequence[Query]:
        if step.content is None:
            return done(self, step)
        later = Timer(60, done, (self, step))
        later.daemon = True
        later.start()
        return step.record(step.content())

    replace(Objects, "_done", doing)


def _damaged_fetch_dropped() -> None:
    """Drop what was read before a damaged batch in the same fetch, as aiokafka does when its error is only caught."""
    unpack = ReadableRecords._unpack_records  # noqa: SLF001 - the one place that reads

    def unpacking(self: ReadableRecords) -> Iterator[Any]:
        noted, note = [], self._note
        self._note = lambda *found: noted.append(found)
        records = list(unpack(self))
        for found in noted:
            note(*found)
        yield from () if noted else records

    replace(ReadableRecords, "_unpack_records", unpacking)


def _tokens_left_out() -> None:
    """Ignore what events say about tokens."""
    mock.patch.object(telemetry_fold, "_fold_tokens", return_value=None).start()


def _acknowledgements() -> list[Acknowledged]:
    """Return a list that will hold the process's ``Acknowledged``."""
    made: list[Acknowledged] = []
    make = Acknowledged.__init__

    def making(self: Acknowledged) -> None:
        make(self)
        made.append(self)

    replace(Acknowledged, "__init__", making)
    return made


SEEDS: dict[Bug, Callable[[], None]] = {
    Bug.COMMIT_BEFORE_WRITE: _commit_before_write,
    Bug.COMMIT_ON_EXCEPTION: _commit_on_exception,
    Bug.NO_FENCE: _no_fence,
    Bug.COMMIT_PAST_IN_FLIGHT: _commit_past_in_flight,
    Bug.EARLIER_CLAIM_BELIEVED: _earlier_claim_believed,
    Bug.NOTHING_RESTORED: _nothing_restored,
    Bug.OFFSET_NOT_COMPARED: _offset_not_compared,
    Bug.DEAD_LETTER_NOT_AWAITED: _dead_letter_not_awaited,
    Bug.TWO_TRANSACTIONS: _two_transactions,
    Bug.UNBOUNDED_INTAKE: _unbounded_intake,
    Bug.RECOVERY_GIVEN_UP: _recovery_given_up,
    Bug.TOPIC_ASKED_ONCE: _topic_asked_once,
    Bug.PASSWORD_READ_ONCE: _password_read_once,
    Bug.NEVER_SUSPECTED: _never_suspected,
    Bug.ABORTED_READ: _aborted_read,
    Bug.KEYS_NOT_READ: _keys_not_read,
    Bug.PARKED_KEYS_NOT_READ: _parked_keys_not_read,
    Bug.HEAD_IN_ANOTHER_TRANSACTION: _head_in_another_transaction,
    Bug.CHAIN_BEGUN_AGAIN: _chain_begun_again,
    Bug.HELD_CHECKPOINT_PUBLISHED: _held_checkpoint_published,
    Bug.NOTED_BEFORE_THE_OBJECT: _noted_before_the_object,
    Bug.DAMAGED_FETCH_DROPPED: _damaged_fetch_dropped,
    Bug.TOKENS_LEFT_OUT: _tokens_left_out,
}
