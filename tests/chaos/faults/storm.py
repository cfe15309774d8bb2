"""Random faults from a seed, one after another, some of them overlapping."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from tests.chaos.faults.kill import OF_A_RECORD
from tests.chaos.running.arena import Arena
from tests.chaos.running.points import Action, At, Point
from tests.chaos.running.supply import Pace

GUSTS_OF_A_STORM = 6
CALM_SECONDS = 10.0
"""Without a write or strike within this time, the next fault starts."""
ASLEEP_SECONDS = 8.0
FROZEN_SECONDS = 4.0


class Storm:
    """Plays faults on about three workers; all stopped ones continue at the end."""

    def __init__(self, arena: Arena, random: Random) -> None:
        self._arena = arena
        self._random = random
        self._asleep: set[asyncio.Task[None]] = set()

    async def blow(self, gusts: int) -> None:
        """Play ``gusts`` faults, each of a random kind."""
        kinds: list[Callable[[], Awaitable[None]]] = [
            self._strike,
            self._strike,
            self._kill,
            self._sleep,
            self._come_and_go,
            self._restart,
            self._freeze,
        ]
        for _ in range(gusts):
            wrote = self._arena.evidence.writes()
            await self._random.choice(kinds)()
            await self._arena.watch(lambda wrote=wrote: self._arena.evidence.writes() > wrote, CALM_SECONDS)  # type: ignore[misc]  # a default that binds the loop's value
        await asyncio.gather(*self._asleep)

    async def _strike(self) -> None:
        """Start a worker that will be killed, or raise, at a random point."""
        at = At(
            self._random.choice([*OF_A_RECORD, Point.AT_REVOCATION]),
            self._random.randint(1, 3),
            self._random.choice([Action.KILL, Action.RAISE]),
        )
        self._arena.fault("a doomed worker comes", strikes=str(at))
        doomed = self._arena.start(at)
        await self._arena.watch(lambda: doomed.exit_code is not None, CALM_SECONDS)

    async def _kill(self) -> None:
        worker = self._random.choice(self._arena.living())
        self._arena.fault("killed", pid=worker.pid)
        worker.kill()
        self._arena.start()

    async def _sleep(self) -> None:
        """Stop a worker for longer than the session timeout; other faults continue meanwhile."""
        worker = self._random.choice(self._arena.living())
        worker.freeze()
        self._arena.fault("stopped", pid=worker.pid)

        async def wake() -> None:
            await asyncio.sleep(ASLEEP_SECONDS)
            if worker.exit_code is None:
                self._arena.fault("continued", pid=worker.pid)
                worker.thaw()

        self._asleep.add(asyncio.create_task(wake()))

    async def _come_and_go(self) -> None:
        worker = self._random.choice(self._arena.living())
        self._arena.fault("terminated", pid=worker.pid)
        worker.terminate()
        self._arena.start()

    async def _restart(self) -> None:
        server, politely = self._random.choice(["kafka", "neo4j", "apicurio"]), self._random.random() < 0.5
        servers = self._arena.servers
        self._arena.fault(f"{server} {'stopped' if politely else 'killed'}")
        await asyncio.to_thread(servers.stop if politely else servers.kill, server)
        await asyncio.to_thread(servers.start)
        self._arena.fault(f"{server} is back")

    async def _freeze(self) -> None:
        server = self._random.choice(["kafka", "neo4j"])
        self._arena.fault(f"{server} frozen", seconds=FROZEN_SECONDS)
        self._arena.servers.freeze(server)
        await asyncio.sleep(FROZEN_SECONDS)
        self._arena.servers.thaw(server)


async def storm(arena: Arena, seed: int, gusts: int = GUSTS_OF_A_STORM) -> None:
    """Play random faults on three workers with a slow stream."""
    arena.supply.pace = Pace.TRICKLE
    for _ in range(3):
        arena.start()
    await arena.until(arena.evidence.writes, "records flow")
    await Storm(arena, Random(f"storm/{seed}")).blow(gusts)  # noqa: S311 - reproducible by design
