"""The connector: found by each ``up``, restarted after a failure, reported when it fails."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]  # it ships no types
import psycopg
import pytest

from tests.conftest import HOME
from tests.end_to_end.program import until
from tests.integration.pipelines.registry.change_log import ChangeLog, Seen
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_plan import plan_topics
from workers.adapters.kafka.topics import apply_changes
from workers.config.settings import KafkaSettings
from workers.config.topics import TopicSpec
from workers.core.errors import Unreachable
from workers.dev.stack.lifecycle import up
from workers.dev.stack.running import RunningStack
from workers.dev.stack.servers.connect import CONNECTOR, configuration, provision
from workers.dev.stack.servers.connector import Connector
from workers.dev.stack.state import load_state

Database = psycopg.Connection[Any]
INSERT = "INSERT INTO models (model_id, provider) VALUES (%s, 'openai')"


def tell(stack: RunningStack, method: str, path: str) -> None:
    """Send a request to Kafka Connect, as an operator does."""
    connection = HTTPConnection(urlsplit(stack.kafka_connect).netloc, timeout=30)
    connection.request(method, f"/connectors/{path}")
    response = connection.getresponse()
    assert response.status < 300, response.read()
    connection.close()


def states(stack: RunningStack) -> list[str]:
    connection = HTTPConnection(urlsplit(stack.kafka_connect).netloc, timeout=30)
    connection.request("GET", f"/connectors/{CONNECTOR}/status")
    status = json.loads(connection.getresponse().read())
    connection.close()
    return [status["connector"]["state"], *(task["state"] for task in status["tasks"])]


def second(name: str, **settings: str) -> dict[str, str]:
    """Return the configuration for a second connector."""
    own = {
        "slot.name": name.replace("-", "_"),
        "publication.name": name.replace("-", "_"),
        "topic.prefix": name,
        "transforms.one_topic.topic.regex": rf"{name}\.public\.(.*)",
        "transforms.one_topic.topic.replacement": name,
        "transforms.about_itself.regex": rf"__debezium-heartbeat\.{name}|{name}\.(?:message|transaction)",
    }
    return {**configuration(), **own, **settings}


def is_dropped(database: Database, slot: str) -> bool:
    """End who reads from a slot, and drop it; return whether it is gone. A reader takes a moment to end."""
    read = "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s AND active"
    database.execute(read, (slot,))
    drop = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s"
    try:
        database.execute(drop, (slot,))
    except psycopg.errors.ObjectInUse:
        return False
    return True


@pytest.fixture
def other(stack_with_cdc: RunningStack, database: Database, name: str) -> Iterator[Connector]:
    """Yield an unregistered connector; remove it and its data at the end."""
    yield Connector(stack_with_cdc.kafka_connect, name)
    tell(stack_with_cdc, "DELETE", name)
    slot = name.replace("-", "_")
    until(lambda: is_dropped(database, slot), f"the slot {slot} dropped")
    database.execute(f"DROP PUBLICATION IF EXISTS {slot}".encode())


def test_a_second_up_finds_it_running(stack_with_cdc: RunningStack) -> None:
    assert states(stack_with_cdc) == ["RUNNING", "RUNNING"]
    assert provision(stack_with_cdc.environment) == "connector registry runs, registry-changes has 6 partitions"


async def test_what_changes_while_it_is_stopped_arrives_later_in_order(
    stack_with_cdc: RunningStack, database: Database, changes: ChangeLog, name: str
) -> None:
    database.execute(INSERT, (name,))
    await changes.of(name, ("models", "c"))
    tell(stack_with_cdc, "PUT", f"{CONNECTOR}/stop")
    database.execute("UPDATE models SET deprecated = true WHERE model_id = %s", (name,))
    database.execute("DELETE FROM models WHERE model_id = %s", (name,))
    tell(stack_with_cdc, "PUT", f"{CONNECTOR}/resume")
    provision(stack_with_cdc.environment)
    seen = await changes.until(lambda seen: any(each.fields is None for each in seen))
    assert _without_repetitions([each for each in seen if each.name == name]) == ["c", "u", "d", "tombstone"]


async def test_a_restart_loses_nothing_and_what_it_repeats_tells_the_same_position(
    stack_with_cdc: RunningStack, database: Database, changes: ChangeLog, name: str
) -> None:
    for number in range(20):
        database.execute(INSERT, (f"{name}-{number:02d}",))
        if number == 10:
            tell(stack_with_cdc, "POST", f"{CONNECTOR}/restart?includeTasks=true")
    names = {f"{name}-{number:02d}" for number in range(20)}
    seen = await changes.until(lambda seen: names <= {each.name for each in seen})
    positions = {(each.name, each.fields["source"]["lsn"]) for each in seen if each.fields and each.name in names}
    assert len(positions) == 20


async def test_a_killed_connect_goes_on_where_it_was(
    stack_with_cdc: RunningStack, database: Database, changes: ChangeLog, name: str
) -> None:
    database.execute(INSERT, (name,))
    await changes.of(name, ("models", "c"))
    database.execute("UPDATE models SET deprecated = true WHERE model_id = %s", (name,))
    process = load_state(HOME, stack_with_cdc.name).servers["connect"].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(process.pid)], timeout=10)
    database.execute("DELETE FROM models WHERE model_id = %s", (name,))
    await asyncio.to_thread(up, stack_with_cdc.name, ("cdc",), environment={}, home=HOME)
    seen = await changes.until(lambda seen: any(each.fields is None for each in seen))
    assert _without_repetitions([each for each in seen if each.name == name]) == ["c", "u", "d", "tombstone"]


async def test_rows_that_are_there_before_it_are_told_as_read(
    stack_with_cdc: RunningStack, database: Database, other: Connector, name: str
) -> None:
    admin = Admin(KafkaSettings(bootstrap_servers=stack_with_cdc.kafka))
    topic = {name: TopicSpec(partitions=2)}
    apply_changes(admin, plan_topics(topic, {}).changes, replication_factor=1, execute=True)
    snapshot = ChangeLog(stack_with_cdc, name)
    database.execute(INSERT, (name,))
    other.ensure(second(name))
    database.execute("UPDATE models SET deprecated = true WHERE model_id = %s", (name,))
    seen = await snapshot.of(name, ("models", "r"), ("models", "u"))
    assert seen[0].fields is not None
    assert seen[0].fields["source"]["snapshot"] != "false"
    assert seen[0].record.partition == seen[1].record.partition


def test_one_that_fails_is_told_with_the_reason(other: Connector, name: str) -> None:
    with pytest.raises(Unreachable, match="Publication autocreation is disabled"):
        other.ensure(second(name, **{"publication.autocreate.mode": "disabled"}))
    assert "Publication autocreation" in (other.failure() or "")


def _without_repetitions(seen: Sequence[Seen]) -> list[str]:
    """Return the operations in order, without repeated deliveries."""
    by_position = {each.fields["source"]["lsn"] if each.fields else -1: each.told[1] for each in reversed(seen)}
    return list(reversed(by_position.values()))
