"""The topic is deleted and made again under the same name: its offsets start anew."""

import asyncio

from tests.chaos.running.arena import Arena


async def recreated(arena: Arena, *, under_way: bool) -> None:
    """Every record of its first life has been delivered; workers are stopped meanwhile, or know nothing of it."""
    arena.start()
    await arena.until(arena.evidence.writes, "records flow")
    await arena.supply.stop()
    await arena.settle()
    if not under_way:
        await arena.end_workers()
    arena.history.note("recreated")
    await asyncio.to_thread(arena.corner.delete_topics, arena.corner.topic)
    await arena.until(lambda: not arena.corner.topic_exists(), "the topic is gone")
    await asyncio.to_thread(arena.corner.create_topics)
    arena.supply.life += 1
    arena.fault("topic recreated")
    if not under_way:
        arena.start()
    await arena.supply.send(0.5)
