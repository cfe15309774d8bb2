"""An operator rewinds the group."""

import asyncio

from tests.chaos.running.arena import Arena


async def rewound(arena: Arena) -> None:
    """Rewind to the beginning, with all workers stopped, as Kafka requires."""
    worker = arena.start()
    await arena.until(lambda: arena.evidence.writes_of(worker), "records flow")
    await arena.supply.stop()
    await arena.settle()
    await arena.end_workers()
    arena.fault("rewound")
    arena.history.note("rewound")
    await asyncio.to_thread(arena.corner.rewind)
    again = arena.start()
    claims = len(arena.evidence.claims_of(worker))
    await arena.until(lambda: len(arena.evidence.claims_of(again)) >= claims, "it is read again")
