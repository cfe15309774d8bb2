"""What operators do to a topic: delete it and create it again, or add a partition."""

import asyncio

from tests.chaos.running.arena import Arena
from tests.chaos.running.supply import Pace


async def recreated(arena: Arena, *, under_way: bool) -> None:
    """Recreate the topic after all its records were delivered.

    Workers are stopped meanwhile, or, with ``under_way``, keep running.
    """
    arena.start()
    await arena.until(arena.evidence.writes, "records flow")
    await arena.supply.stop()
    await arena.settle()
    if not under_way:
        await arena.end_workers()
    await _recreate(arena)
    if not under_way:
        arena.start()
    await arena.supply.send(0.5)


async def missed(arena: Arena) -> None:
    """The topic is deleted under a running worker, whose group is rebalanced before the topic is created again."""
    worker = arena.start()
    await arena.until(arena.evidence.writes, "records flow")
    await arena.supply.stop()
    await arena.settle()
    arena.history.note("recreated")
    await asyncio.to_thread(arena.corner.delete_topics, arena.corner.topic)
    await arena.until(lambda: arena.evidence.has_no_partition(worker), "the worker has no partition")
    await _create(arena)
    await arena.supply.send(0.5)


async def refilled(arena: Arena) -> None:
    """The topic is created again, and filled past the worker's position, while the worker sleeps.

    It goes on at its position, which exists, as if nothing had happened: the first records of the new topic are missed
    unless somebody compares the topic's id.
    """
    arena.supply.pace = Pace.TRICKLE
    worker = arena.start()
    await arena.until(lambda: arena.evidence.writes_of(worker) > 1, "records flow")
    await arena.supply.stop()
    await arena.settle()
    before = await asyncio.to_thread(arena.corner.end_offsets)
    worker.freeze()
    await _recreate(arena)
    await arena.supply.send(0.6)
    after = await asyncio.to_thread(arena.corner.end_offsets)
    assert all(after[number] > end for number, end in before.items()), f"not refilled: {before}, {after}"
    worker.thaw()


async def grown(arena: Arena) -> None:
    """The topic gets the partition that the last records of the stream are for, under two running workers."""
    workers = arena.start(), arena.start()
    await arena.until(lambda: all(map(arena.evidence.writes_of, workers)), "records flow")
    await asyncio.to_thread(arena.corner.add_partition)
    arena.fault("partition added")
    await arena.supply.stop()
    await arena.supply.send(0.7)


async def _recreate(arena: Arena) -> None:
    arena.history.note("recreated")
    await asyncio.to_thread(arena.corner.delete_topics, arena.corner.topic)
    await arena.until(lambda: not arena.corner.topic_exists(), "the topic is gone")
    await _create(arena)


async def _create(arena: Arena) -> None:
    await asyncio.to_thread(arena.corner.create_topics)
    arena.supply.life += 1
    arena.fault("topic recreated")
