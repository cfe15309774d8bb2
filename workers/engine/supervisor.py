"""The fleet on one machine: each replica is a process, restarted when it fails or is no longer alive."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress

import structlog

from workers.config.worker_options import AFTER_DRAIN_SECONDS
from workers.observe.liveness import until_not_alive

log = structlog.get_logger(__name__)

FIRST_RESTART_SECONDS = 1.0
LONGEST_RESTART_SECONDS = 30.0
STEADY_AFTER_SECONDS = 60.0
"""A replica that ran this long before it failed is restarted after the first, short wait."""
WRONG_CONFIGURATION = 2
"""The exit code of a replica that a restart cannot help."""


def worker_command(name: str) -> Sequence[str]:
    """Return the command that runs one worker."""
    return sys.executable, "-m", "workers.cli.main", "worker", name


class Supervisor:
    """Runs replicas until SIGTERM or SIGINT; then sends them SIGTERM and waits for their drain. Passes SIGHUP on.

    ``environment`` returns the one of a worker, with the secrets that it needs and no others, and ``grace_seconds``
    the time between its SIGTERM and SIGKILL.
    Each replica inherits a listening socket on ``host``, so that its address stays the same when it is restarted, and
    its ``/healthz`` is asked as Kubernetes would. Without this a replica that hangs would never be restarted.
    """

    def __init__(
        self,
        replicas: Mapping[str, int],
        host: str = "127.0.0.1",
        command: Callable[[str], Sequence[str]] = worker_command,
        environment: Callable[[str], Mapping[str, str]] = lambda _: os.environ,
        grace_seconds: Callable[[str], float] = lambda _: AFTER_DRAIN_SECONDS,
    ) -> None:
        self._replicas = replicas
        self._host = host
        self._command = command
        self._environment = environment
        self._grace_seconds = grace_seconds
        self._stopping = asyncio.Event()
        self._processes: set[Process] = set()

    async def run(self) -> int:
        """Return 0 when every replica drained, otherwise the exit code of one that did not."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        codes = await asyncio.gather(
            *(self._keep(name, replica) for name, count in self._replicas.items() for replica in range(count))
        )
        return next((code for code in codes if code), 0)

    def stop(self) -> None:
        """Drain every replica, then end."""
        self._stopping.set()

    def reload(self) -> None:
        """Have every replica read topology.yaml again."""
        for process in self._processes:
            with suppress(ProcessLookupError):  # it has just ended, and the next one reads the file as it is
                process.send_signal(signal.SIGHUP)

    async def _keep(self, name: str, replica: int) -> int:
        """Restart one replica when it ends, after a longer wait each time it fails soon."""
        wait = FIRST_RESTART_SECONDS
        loop = asyncio.get_running_loop()
        with closing(socket.create_server((self._host, 0))) as listener:
            while True:
                started = loop.time()
                code = await self._run_once(name, replica, listener)
                if self._stopping.is_set() or code == WRONG_CONFIGURATION:
                    self._stopping.set()
                    return code
                wait = FIRST_RESTART_SECONDS if loop.time() - started > STEADY_AFTER_SECONDS else wait
                log.error("replica ended, starting it again", worker=name, replica=replica, code=code, in_seconds=wait)
                if await self._stopped_within(wait):
                    return code
                wait = min(wait * 2, LONGEST_RESTART_SECONDS)

    async def _run_once(self, name: str, replica: int, listener: socket.socket) -> int:
        process = await self._start(name, listener)
        self._processes.add(process)
        try:
            return await self._until_ended(process, name, replica, listener)
        finally:
            self._processes.discard(process)

    async def _until_ended(self, process: Process, name: str, replica: int, listener: socket.socket) -> int:
        address = f"http://{self._host}:{listener.getsockname()[1]}"
        log.info("replica started", worker=name, replica=replica, pid=process.pid, address=address)
        ended = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        not_alive = asyncio.ensure_future(until_not_alive(f"{address}/healthz"))
        await asyncio.wait({ended, stopping, not_alive}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        not_alive.cancel()
        if ended.done():
            return await ended
        if not self._stopping.is_set():
            log.error("replica is not alive", worker=name, replica=replica, reason=not_alive.result())
            return await self._end(process, name, replica)
        code = await self._end(process, name, replica)
        # Ended by the signal itself: it was still loading, had no signal handler and had read nothing.
        return 0 if code == -signal.SIGTERM else code

    async def _end(self, process: Process, name: str, replica: int) -> int:
        """End a process with SIGTERM, after its grace with SIGKILL; return its exit code."""
        process.terminate()
        ended = asyncio.ensure_future(process.wait())
        if not (await asyncio.wait({ended}, timeout=self._grace_seconds(name)))[0]:
            log.error("replica has not ended in time, killing it", worker=name, replica=replica, pid=process.pid)
            process.kill()
        return await ended

    async def _start(self, name: str, listener: socket.socket) -> Process:
        with _sighup_blocked():
            return await asyncio.create_subprocess_exec(
                *self._command(name),
                env={**self._environment(name), "METRICS_FD": str(listener.fileno())},
                pass_fds=(listener.fileno(),),
                start_new_session=True,  # Ctrl-C reaches only this process, which sends the replicas one SIGTERM
            )

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True


@contextmanager
def _sighup_blocked() -> Iterator[None]:
    """Start processes with SIGHUP blocked: it would end one that is still loading. A worker unblocks it when it can."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
