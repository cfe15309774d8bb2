"""Deleting dead letters in a real Kafka."""

from tests.integration.ops.dead_letters.conftest import SourceTopic
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
