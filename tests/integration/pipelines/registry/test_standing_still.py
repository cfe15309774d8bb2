"""What has stopped real connectors or been lost in them: logged messages, and changed keys."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from pydantic import SecretStr

from tests.integration.pipelines.registry.change_log import ChangeLog, Seen
from tests.integration.pipelines.registry.test_connector import INSERT, other, second, tell
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_plan import plan_topics
from workers.adapters.kafka.topics import apply_changes
from workers.adapters.registry_database.replication import replica_identities
from workers.config.settings import KafkaSettings, RegistryDatabaseSettings, Settings
from workers.config.topics import TopicSpec
from workers.core.job import AskReplication
from workers.core.metric import Measurement
from workers.core.record import Decoded
from workers.dev.stack.running import RunningStack
from workers.dev.stack.servers.connector import Connector
from workers.engine.jobs.effects import open_effects
from workers.observe.tracing import NO_TRACING
from workers.ops.doctor.finding import State
from workers.ops.doctor.source_checks import check_source, judge_identities
from workers.pipelines.registry.events import (
    CapabilityDeleted,
    Event,
    SchemaDeleted,
    VersionDeleted,
)
from workers.pipelines.registry.jobs.watch_connector import SLOT
from workers.pipelines.registry.metrics import CAPTURE_BEHIND, CAPTURE_BEHIND_BYTES
from workers.pipelines.registry.options import Accept
from workers.pipelines.registry.read.change_event import check_key, parser

__all__ = ["other"]  # the fixture
Database = psycopg.Connection[Any]
PARSE = parser(Accept())
MESSAGES = (
    "SELECT pg_logical_emit_message(true, 'billing', 'hello')",
    "SELECT pg_logical_emit_message(false, 'x', '')",
)


def source(stack: RunningStack) -> RegistryDatabaseSettings:
    return RegistryDatabaseSettings(url=SecretStr(stack.registry_database))


def event_of(seen: Seen) -> Event:
    assert seen.fields is not None
    event = PARSE(Decoded("registry.Envelope", seen.fields), 0)
    check_key(event, seen.record.key)
    return event


async def test_messages_of_any_application_stop_no_change(
    stack_with_cdc: RunningStack, database: Database, changes: ChangeLog, name: str
) -> None:
    for message in MESSAGES:
        database.execute(message)
    database.execute(INSERT, (name,))
    await changes.of(name, ("models", "c"))
    found = {finding.check: finding for finding in await asyncio.to_thread(check_source, source(stack_with_cdc))}
    assert {finding.state for finding in found.values()} == {State.OK}, found


@pytest.fixture
def topic(stack_with_cdc: RunningStack, name: str) -> Iterator[str]:
    admin = Admin(KafkaSettings(bootstrap_servers=stack_with_cdc.kafka))
    topics = {name: TopicSpec(partitions=1)}
    apply_changes(admin, plan_topics(topics, {}).changes, replication_factor=1, execute=True)
    yield name
    admin.results(admin.client.delete_topics([name]))


async def test_messages_heartbeats_and_transactions_that_are_sent_stop_no_change(
    stack_with_cdc: RunningStack, database: Database, topic: str, other: Connector
) -> None:
    log, about_itself = ChangeLog(stack_with_cdc, topic), ChangeLog(stack_with_cdc, "registry-heartbeats")
    chatty = {**second(topic), "provide.transaction.metadata": "true", "heartbeat.interval.ms": "200"}
    del chatty["message.prefix.exclude.list"]
    other.ensure(chatty)
    for message in MESSAGES:
        database.execute(message)
    database.execute(INSERT, (topic,))
    await log.of(topic, ("models", "c"))
    database.execute("DELETE FROM models WHERE model_id = %s", (topic,))
    await log.of(topic, ("models", "c"), ("models", "d"), ("", "tombstone"))
    await about_itself.until(lambda seen: {"message", "heartbeat", "BEGIN", "END"} == seen_kinds(seen))


def seen_kinds(seen: Sequence[Seen]) -> set[str]:
    """Return what records there are that are no change: messages, heartbeats, begins and ends of transactions."""
    return {
        each.fields.get("status", "message" if "op" in each.fields else "heartbeat") for each in seen if each.fields
    }


async def test_a_connector_that_runs_and_waits_for_a_topic_that_nobody_makes_shows(
    stack_with_cdc: RunningStack, database: Database, topic: str, other: Connector
) -> None:
    lost = {**second(topic), "transforms": "one_topic"}
    del lost["message.prefix.exclude.list"], lost["heartbeat.interval.ms"], lost["heartbeat.action.query"]
    other.ensure(lost)
    database.execute(MESSAGES[0])
    slot = topic.replace("-", "_")
    async with asyncio.timeout(60):
        while True:
            found = await asyncio.to_thread(check_source, source(stack_with_cdc), slot, within_seconds=3)
            if found[0].state is State.PROBLEM:
                break
    assert other.failure() is None, "to Kafka Connect it runs"
    assert "the connector has not reached a position of 3 s ago" in found[0].message
    await the_gauges_grow(stack_with_cdc, slot)
    tell(stack_with_cdc, "PUT", f"{topic}/stop")
    async with asyncio.timeout(60):
        while "nobody reads it" not in found[0].message:
            found = await asyncio.to_thread(check_source, source(stack_with_cdc), slot, within_seconds=0)


async def the_gauges_grow(stack: RunningStack, standing: str) -> None:
    """Ask as the worker's job does: a slot that stands gets older each time, and that of the stack gets young again."""
    ages: dict[str, list[float]] = {standing: [], SLOT: []}
    settings = Settings.from_environment().model_copy(update={"registry_database": source(stack)})
    async with AsyncExitStack() as closing, asyncio.timeout(60):
        measured: list[Measurement] = []
        effects = await open_effects(closing, settings, Path("none"), measured.append, lambda *_: None, NO_TRACING)
        while ages[SLOT] == sorted(ages[SLOT]):
            for slot, of_slot in ages.items():
                await effects.run(AskReplication(slot, CAPTURE_BEHIND, CAPTURE_BEHIND_BYTES))
                unconfirmed = measured.pop()
                of_slot.append(measured.pop().value)
                assert unconfirmed.value > 0 or slot == SLOT
            await asyncio.sleep(1)
    assert ages[standing] == sorted(ages[standing])
    assert ages[standing][-1] >= len(ages[standing]) - 1


class KeyChange(NamedTuple):
    """An insertion and an update of its key, both of one subject; and what is deleted by the update."""

    table: str
    insert: bytes
    update: bytes
    deleted: type[CapabilityDeleted | VersionDeleted | SchemaDeleted]
    old: str


KEY_CHANGES = [
    KeyChange(
        "capabilities",
        b"INSERT INTO capabilities (model_id, capability) VALUES (%s, 'imgae')",
        b"UPDATE capabilities SET capability = 'image' WHERE model_id = %s",
        CapabilityDeleted,
        "imgae",
    ),
    KeyChange(
        "model_versions",
        b"INSERT INTO model_versions (model_id, version) VALUES (%s, 'v1')",
        b"UPDATE model_versions SET version = 'v2' WHERE model_id = %s",
        VersionDeleted,
        "v1",
    ),
    KeyChange(
        "schemas",
        b"INSERT INTO schemas (schema_id, version, json_schema) VALUES (%s, '1', '{}')",
        b"UPDATE schemas SET version = '2' WHERE schema_id = %s",
        SchemaDeleted,
        "1",
    ),
]


@pytest.mark.parametrize("made", KEY_CHANGES, ids=lambda made: made.table)
async def test_an_update_of_a_key_leaves_nothing_under_the_old_one(
    database: Database, changes: ChangeLog, name: str, made: KeyChange
) -> None:
    database.execute(made.insert, (name,))
    database.execute(made.update, (name,))
    _, changed = await changes.of(name, (made.table, "c"), (made.table, "u"))
    assert event_of(changed).replaced == made.deleted(name, made.old)


async def test_a_model_under_another_id_is_a_deletion_and_an_insertion(
    database: Database, changes: ChangeLog, name: str
) -> None:
    database.execute(INSERT, (name,))
    database.execute("UPDATE models SET model_id = %s WHERE model_id = %s", (f"{name}-new", name))
    gone = await changes.of(name, ("models", "c"), ("models", "d"), ("", "tombstone"))
    (come,) = await changes.of(f"{name}-new", ("models", "c"))
    assert [event_of(each).event_type for each in (gone[1], come)] == ["model.deleted", "model.created"]


async def test_a_table_without_the_former_key_in_its_log_is_a_problem(
    stack_with_cdc: RunningStack, database: Database, name: str
) -> None:
    table = name.replace("-", "_")
    database.execute(f"CREATE TABLE {table} (id text PRIMARY KEY)".encode())
    try:
        database.execute(f"ALTER TABLE {table} REPLICA IDENTITY NOTHING".encode())
        found = replica_identities(source(stack_with_cdc), [f"public.{table}", "public.models"])
    finally:
        database.execute(f"DROP TABLE {table}".encode())
    (finding,) = judge_identities(found)
    assert (finding.check, finding.state) == (f"table {table}", State.PROBLEM)
