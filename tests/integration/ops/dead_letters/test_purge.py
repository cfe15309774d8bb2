"""Deleting dead letters in a real Kafka."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.integration.ops.dead_letters.conftest import SourceTopic
from workers.ops.dead_letters.audit import PURGED
from workers.ops.dead_letters.purge import delete, plan_purge
from workers.ops.dead_letters.selection import Selection


async def test_only_the_beginning_of_a_partition_can_be_deleted(source: SourceTopic) -> None:
    await source.publish(source.letters([0, 3, 6], "avro.truncated"))
    await source.publish(source.letters([9, 12], "field.missing"))
    await source.publish(source.letters([15, 1], "avro.truncated"))
    dead_letters = source.dead_letters()
    plan = plan_purge(dead_letters, Selection(codes={"avro"}))
    assert (plan.letters, plan.kept, plan.up_to) == (4, 1, {0: 3, 1: 1})
    delete(dead_letters, plan)
    left = [each.record.value for each in source.dead_letters().selected(Selection())]
    assert left == [b"value 9", b"value 12", b"value 15"]


async def test_everything_can_be_deleted(source: SourceTopic) -> None:
    await source.publish(source.letters(range(9)))
    dead_letters = source.dead_letters()
    delete(dead_letters, plan_purge(dead_letters, Selection()))
    assert list(source.dead_letters().selected(Selection())) == []


async def test_the_command_deletes_and_leaves_an_audit_event(
    source: SourceTopic, audit_events: Callable[[str], Awaitable[list[Mapping[str, Any]]]]
) -> None:
    await source.publish(source.letters(range(9)))
    assert "Nothing was deleted" in await _purge(source)
    assert len(list(source.dead_letters().selected(Selection()))) == 9
    assert "--why is missing" in await _purge(source, "--execute", code=2)
    assert PURGED in await _purge(source, "--execute", "--why", "a test"), "the log line"
    assert list(source.dead_letters().selected(Selection())) == []
    (event,) = await audit_events(f"{source.name}.dlq")
    assert (event["event_type"], event["actor_id"], event["reason"]) == (PURGED, "anna", "a test")
    assert (event["details"]["codes"], event["details"]["letters"]) == ("field", "9")


async def _purge(source: SourceTopic, *options: str, code: int = 0) -> str:
    """Run the command; return what it prints."""
    command = [sys.executable, "-m", "workers.cli.main", "dlq", "purge", "--topic", source.name, "--reason", "field"]
    running = await asyncio.create_subprocess_exec(
        *command, "--as", "anna", *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await running.communicate()
    assert running.returncode == code, output
    return output.decode()
