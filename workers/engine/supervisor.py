"""The fleet on one machine: each replica is a process, restarted when it fails."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping

import structlog

log = structlog.get_logger(__name__)

FIRST_RESTART_SECONDS = 1.0
LONGEST_RESTART_SECONDS = 30.0
STEADY_AFTER_SECONDS = 60.0
"""A replica that ran this long before it failed is restarted after the first, short wait."""
WRONG_CONFIGURATION = 2
"""The exit code of a replica that a restart cannot help."""


class Supervisor:
    """Runs replicas until SIGTERM or SIGINT; then sends them SIGTERM and waits for their drain."""

    def __init__(self, replicas: Mapping[str, int]) -> None:
        self._replicas = replicas
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Return 0 when every replica drained, otherwise the exit code of one that did not."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        codes = await asyncio.gather(
            *(self._keep(name, replica) for name, count in self._replicas.items() for replica in range(count))
        )
        return next((code for code in codes if code), 0)

    async def _keep(self, name: str, replica: int) -> int:
        """Restart one replica when it ends, after a longer wait each time it fails soon."""
        wait = FIRST_RESTART_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await self._run_once(name, replica)
            if self._stopping.is_set() or code == WRONG_CONFIGURATION:
                self._stopping.set()
                return code
            wait = FIRST_RESTART_SECONDS if loop.time() - started > STEADY_AFTER_SECONDS else wait
            log.error("replica ended, starting it again", worker=name, replica=replica, code=code, in_seconds=wait)
            if await self._stopped_within(wait):
                return code
            wait = min(wait * 2, LONGEST_RESTART_SECONDS)

    async def _run_once(self, name: str, replica: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "workers.cli.main", "worker", name,
            env=os.environ | {"METRICS_PORT": "0"},
            start_new_session=True,  # Ctrl-C reaches only this process, which sends the replicas one SIGTERM
        )  # fmt: skip
        log.info("replica started", worker=name, replica=replica, pid=process.pid)
        ended = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        terminated = not ended.done()
        if terminated:
            process.terminate()
        code = await ended
        # Ended by the signal itself: it was still loading, had no signal handler and had read nothing.
        return 0 if terminated and code == -signal.SIGTERM else code

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
