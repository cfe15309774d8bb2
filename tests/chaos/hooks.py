"""Adds the named points and a history to the runtime's steps. The product code does not know them."""

import os
import time
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any
from unittest import mock

import neo4j

from tests.chaos.checking.history import History
from tests.chaos.running.points import Point, Points
from workers.adapters.graph.writer import Neo4jWriter
from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.core.dead_letter import DeadLetter
from workers.core.job import ObjectStep
from workers.core.ports import Claim
from workers.core.record import OutgoingRecord
from workers.core.reference import Query
from workers.core.statement import Statement
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.consumer import ChunkConsumer
from workers.engine.jobs.effects import Effects
from workers.engine.jobs.objects import Objects
from workers.engine.partition_task import PartitionTask

to_rehearse: ContextVar[bool] = ContextVar("to_rehearse", default=False)
"""Whether this task's next query writes a batch with a strike before its commit."""
CHECKPOINTS = "audit-checkpoints"


def replace(owner: type, name: str, replacement: Any) -> None:
    """Replace a method for the rest of this process; raises if it is missing."""
    mock.patch.object(owner, name, replacement).start()


def hook(points: Points, history: History) -> None:
    """Add every point."""
    _hook_assignment(points, history)
    _hook_intake(points)
    _hook_graph(points, history)
    _hook_commit(points)
    _hook_dead_letters(points, history)
    _hook_states(points)
    _hook_checkpoints(points, history)
    _hook_objects(points, history)


def _hook_assignment(points: Points, history: History) -> None:
    seek, revoke = ChunkConsumer.seek_to_committed, ChunkConsumer.on_partitions_revoked
    assign = ChunkConsumer.on_partitions_assigned

    async def seeking(self: ChunkConsumer) -> Any:
        committed = await seek(self)
        partitions = sorted(tp.partition for tp in committed if not tp.topic.endswith("-changelog"))
        history.note("assigned", partitions=partitions, pid=os.getpid())
        return committed

    async def revoking(self: ChunkConsumer, revoked: Any) -> None:
        if revoked:
            points.reach(Point.AT_REVOCATION)
        await revoke(self, revoked)

    async def assigning(self: ChunkConsumer, *arguments: Any) -> None:
        points.reach(Point.AT_ASSIGNMENT)
        await assign(self, *arguments)

    replace(ChunkConsumer, "on_partitions_assigned", assigning)
    replace(ChunkConsumer, "seek_to_committed", seeking)
    replace(ChunkConsumer, "on_partitions_revoked", revoking)


def _hook_intake(points: Points) -> None:
    accept, acknowledge = PartitionTask.accept, Acknowledged.acknowledge

    def accepting(self: PartitionTask, chunk: Any) -> None:
        points.reach(Point.AFTER_FETCH)
        accept(self, chunk)

    def acknowledging(self: Acknowledged, *arguments: Any) -> None:
        acknowledge(self, *arguments)
        points.reach(Point.AFTER_ACKNOWLEDGEMENT)

    replace(PartitionTask, "accept", accepting)
    replace(Acknowledged, "acknowledge", acknowledging)


def _hook_graph(points: Points, history: History) -> None:
    claim, write = Neo4jWriter.claim, Neo4jWriter.write

    async def claiming(self: Neo4jWriter, *arguments: Any) -> Claim:
        points.reach(Point.BEFORE_CLAIM)
        began = time.monotonic()
        made = await claim(self, *arguments)
        partition = made.topic_partition.partition
        told = {"token": made.token, "offset": made.offset, "epoch": made.epoch, "began": began, "pid": os.getpid()}
        history.note("claimed", partition=partition, **told)
        points.reach(Point.AFTER_CLAIM)
        return made

    async def writing(self: Neo4jWriter, held: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        points.reach(Point.BEFORE_TRANSACTION)
        to_rehearse.set(points.awaits(Point.BEFORE_COMMIT))
        began = time.monotonic()
        advanced = await write(self, held, through, statements)
        partition = held.topic_partition.partition
        history.note("wrote", partition=partition, token=held.token, through=through, began=began, pid=os.getpid())
        points.reach(Point.AFTER_COMMIT)
        return advanced

    replace(Neo4jWriter, "claim", claiming)
    replace(Neo4jWriter, "write", writing)


def _hook_commit(points: Points) -> None:
    """Run the batch's query in an open transaction, then strike: it is never committed.

    This is inside the writer, which leaves the commit to the server, so the hook is in the driver. A query that the
    server refuses does not reach its commit and is no pass, otherwise its worker would never be struck.
    """
    run = neo4j.AsyncSession.run

    async def running(self: neo4j.AsyncSession, query: Any, *arguments: Any, **options: Any) -> Any:
        if to_rehearse.get():
            to_rehearse.set(False)
            transaction = await self.begin_transaction()
            await (await transaction.run(query.text, *arguments, **options)).consume()
            points.reach(Point.BEFORE_COMMIT)
            await transaction.rollback()
        return await run(self, query, *arguments, **options)

    replace(neo4j.AsyncSession, "run", running)


def _hook_dead_letters(points: Points, history: History) -> None:
    publish = KafkaDeadLetters.publish

    async def publishing(self: KafkaDeadLetters, letters: Sequence[DeadLetter]) -> None:
        history.note("dead_lettering", offset=letters[0].record.offset, pid=os.getpid())
        points.reach(Point.BEFORE_DEAD_LETTERS)
        await publish(self, letters)
        points.reach(Point.AFTER_DEAD_LETTERS)

    replace(KafkaDeadLetters, "publish", publishing)


def _hook_states(points: Points) -> None:
    stored = Neo4jWriter.stored

    async def reading(self: Neo4jWriter, *arguments: Any) -> Any:
        found = await stored(self, *arguments)
        points.reach(Point.AFTER_STATES)
        return found

    replace(Neo4jWriter, "stored", reading)


def _hook_checkpoints(points: Points, history: History) -> None:
    send = Effects._send  # noqa: SLF001 - what all effects of this kind pass

    async def sending(self: Effects, record: OutgoingRecord) -> None:
        is_checkpoint = record.topic == CHECKPOINTS
        if is_checkpoint:
            points.reach(Point.BEFORE_CHECKPOINT)
        await send(self, record)
        if is_checkpoint:
            chain = record.key.decode() if record.key else ""
            history.note("checkpoint", chain=chain, signed=bool(record.headers), pid=os.getpid())
            points.reach(Point.AFTER_CHECKPOINT)

    replace(Effects, "_send", sending)


def _hook_objects(points: Points, history: History) -> None:
    queries = Objects.queries

    async def putting(self: Objects, step: ObjectStep) -> Sequence[Query]:
        found = await queries(self, step)
        if step.content is not None:
            history.note("object", name=step.name, pid=os.getpid())
            points.reach(Point.AFTER_OBJECT)
        return found

    replace(Objects, "queries", putting)
