"""One scenario's environment: a stream, workers, a witness, and the history."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

from tests.chaos.bugs import Bug
from tests.chaos.checking.evidence import Evidence
from tests.chaos.checking.history import History
from tests.chaos.checking.witness import Witness
from tests.chaos.running.corner import Corner
from tests.chaos.running.points import At
from tests.chaos.running.servers import Servers
from tests.chaos.running.supply import Supply
from tests.chaos.running.vault import Vault
from tests.chaos.running.worker_process import WorkerProcess
from workers.core.errors import Unreachable

PATIENCE_SECONDS = 180.0
"""The limit of time without progress, also on a slow machine."""
WATCHED_WITH_A_BUG_SECONDS = 90.0
"""How long is waited for what a seeded bug should show; some show only at the end."""
WITH_A_BUG_SECONDS = 45.0
"""A seeded bug may block a worker. This time is longer than a crash, a session
timeout, a start and a rebalance together (30 s were measured on two busy cores)."""
POLL_SECONDS = 0.05
RESTARTS = 20


class Arena:
    """One scenario. Every worker that it starts has ``bug``."""

    def __init__(  # noqa: PLR0913, PLR0917 - one parameter for each part of a scenario
        self,
        servers: Servers,
        corner: Corner,
        supply: Supply,
        history: History,
        bug: Bug | None,
        vault: Vault | None = None,
    ) -> None:
        self.servers = servers
        self.corner = corner
        self.supply = supply
        self.history = history
        self.evidence = Evidence(history.path)
        self.workers: list[WorkerProcess] = []
        self.witness = Witness(corner, history, lambda: tuple(self.workers))
        self.environment: dict[str, str] = {}
        """Variables of every worker that starts from now on."""
        self._bug = bug
        self._vault = vault
        self._beside: list[Servers] = []

    @property
    def vault(self) -> Vault:
        """The vault that signs the checkpoints of the audit worker."""
        assert self._vault is not None, "only the audit worker has a vault"
        return self._vault

    def fault(self, name: str, **told: Any) -> None:
        """Add a fault to the history."""
        self.history.note("fault", name=name, **told)

    def disaster(self, name: str) -> None:
        """Add the fault that is measured from here until everything is in the graph."""
        self.history.note("disaster", name=name)
        self.fault(name)

    async def servers_beside(self, *shared: str) -> Servers:
        """Return a second stack, which lives as long as this scenario; see ``Servers.beside``."""
        self._beside.append(await asyncio.to_thread(self.servers.beside, *shared))
        return self._beside[-1]

    def switch_to(self, servers: Servers) -> None:
        """Use these servers from here on: workers that start, producers, and who looks at the results."""
        self.witness.close()
        self.servers = servers
        self.corner.settings = servers.settings()
        self.supply.bootstrap_servers = self.corner.settings.kafka.bootstrap_servers
        self.witness = Witness(self.corner, self.history, lambda: tuple(self.workers))

    def tune(self, **tuning: Any) -> None:
        """Override options of the scenario's tuning, for every worker started from now on."""
        self.corner.topology = self.corner.write_topology(tuning)

    def start(self, *at: At, neo4j_uri: str | None = None, **tuning: Any) -> WorkerProcess:
        """Start a worker that will be struck ``at``; ``tuning`` overrides the scenario's."""
        topology = self.corner.write_topology(tuning) if tuning else self.corner.topology
        environment = {
            **self.servers.environment,
            "MEMORY_GRAPH_TOPOLOGY": str(topology),
            "METRICS_PORT": "0",
            "TMPDIR": str(self.corner.folder),
            "CHAOS_HISTORY": str(self.history.path),
            "CHAOS_AT": " ".join(map(str, at)),
            "CHAOS_BUG": self._bug or "",
            **self.environment,
            **({"NEO4J_URI": neo4j_uri} if neo4j_uri else {}),
        }
        log = self.corner.folder / f"worker-{len(self.workers) + 1}.log"
        worker = WorkerProcess(self.corner.worker, environment, log)
        self.history.note("started", pid=worker.pid, points=environment["CHAOS_AT"])
        self.workers.append(worker)
        return worker

    async def until(self, true: Callable[[], object], what: str) -> None:
        """Wait for a condition; restart workers that end unexpectedly meanwhile."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            self._tend()
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS:.0f} s\n{self.tails()}"
            await asyncio.sleep(POLL_SECONDS)

    async def watch(self, true: Callable[[], object], seconds: float) -> None:
        """Wait for a forbidden condition for ``seconds``; with a bug, wait until it occurs."""
        deadline = time.monotonic() + (WATCHED_WITH_A_BUG_SECONDS if self._bug else seconds)
        while not true() and time.monotonic() < deadline:
            self._tend()
            await asyncio.sleep(POLL_SECONDS)

    async def shared_out(self, *workers: WorkerProcess) -> None:
        """Wait until exactly these workers have all the partitions."""
        await self.until(lambda: self.is_shared_out(*workers), f"all partitions shared out among {len(workers)}")

    def is_shared_out(self, *workers: WorkerProcess) -> bool:
        """Return whether each of these has partitions, and they have all."""
        shares = list(map(self.evidence.assigned_to, workers))
        return all(shares) and sorted(itertools.chain(*shares)) == list(range(self.corner.partitions))

    async def settle(self) -> None:
        """Wait until watermarks and commits are at the log's end, or nothing moves."""
        ends = {number: end for number, end in (await self._end_offsets()).items() if end}
        seen: Any = None
        moved_at = time.monotonic()
        while not self.witness.is_at(ends, self.supply.life):
            self._tend()
            if (now := (self.witness.committed, self.witness.watermarks, len(self.workers))) != seen:
                seen, moved_at = now, time.monotonic()
            if time.monotonic() - moved_at > (WITH_A_BUG_SECONDS if self._bug else PATIENCE_SECONDS):
                told = f"ends {ends}, watermarks {self.witness.watermarks}, commits {self.witness.committed}"
                self.history.note("stuck", told=told, tails=self.tails())
                return
            await asyncio.sleep(POLL_SECONDS)
        self.history.note("caught_up")

    async def leave(self, worker: WorkerProcess) -> None:
        """Send SIGTERM, and wait until the worker has drained."""
        worker.terminate()
        await self.until(lambda: worker.exit_code is not None, "the worker has drained")

    async def end_workers(self) -> None:
        """Send SIGTERM to all, and wait."""
        for worker in self.workers:
            worker.terminate()
        await self.until(lambda: not self.living(), "all workers have drained")

    def living(self) -> list[WorkerProcess]:
        return [worker for worker in self.workers if worker.exit_code is None]

    def is_committed_ahead(self) -> bool:
        """Return whether Kafka's committed offset is past the graph's."""
        marks = {number: mark.offset for number, mark in self.witness.watermarks.items()}
        return any(offset > marks.get(number, -1) + 1 for number, offset in self.witness.committed.items())

    def tails(self) -> str:
        """Return the last log lines of the latest workers."""
        return "\n\n".join(f"{worker.log}\n{worker.tail()}" for worker in self.workers[-4:])

    def finish(self) -> None:
        """Kill every worker, and stop the witness."""
        for worker in self.workers:
            worker.kill()
        self.witness.close()

    def close(self) -> None:
        self.finish()
        self.evidence.close()
        self.history.close()
        for servers in self._beside:
            servers.reset()

    async def _end_offsets(self) -> dict[int, int]:
        """Return the ends of the log. Just after its start a broker does not know its partitions yet."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await asyncio.to_thread(self.corner.end_offsets)
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(POLL_SECONDS)

    def _tend(self) -> None:
        for worker in [each for each in self.workers if each.exit_code is not None and not each.meant_to_end]:
            worker.meant_to_end = True
            self.history.note("restarted", pid=worker.pid, exit_code=worker.exit_code)
            assert len(self.workers) < RESTARTS, f"workers end again and again\n{self.tails()}"
            self.start()
