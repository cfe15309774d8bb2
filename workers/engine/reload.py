"""Take over a changed ``topology.yaml`` while the worker runs: what is safe, and only whole files without faults.

The content of the file is read and compared every two seconds. So it does not matter how it is changed: in place, by a
rename, or as Kubernetes updates a mounted ConfigMap, by a link that leads to another folder.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import structlog

from workers.config.cross_checks import worker_faults
from workers.config.located_yaml import digest_of, read_content
from workers.config.settings import LogLevel
from workers.config.takes_effect import Change, TakesEffect, changes, with_live_changes
from workers.config.topology import Topology, topology_changes
from workers.config.worker_options import WorkerOptions
from workers.core.clock import SystemClock
from workers.core.errors import Misconfigured
from workers.core.worker import WorkerSpec
from workers.engine.background import in_background
from workers.engine.in_force import InForce
from workers.observe.log import set_level
from workers.observe.metrics import Metrics

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 2.0

Build = Callable[[WorkerOptions], WorkerSpec[Any, Any]]
"""Builds the worker with other options."""


class Reload:
    """Replaces what is ``in_force`` when the file changes. ``level`` is the log level where the file has none."""

    def __init__(self, topology: Topology, in_force: InForce, build: Build, level: LogLevel, metrics: Metrics) -> None:
        self._worker = in_force.spec.name
        self._in_force = in_force
        self._build = build
        self._level = level
        self._metrics = metrics
        self._seen = self._judged = topology.source.digest
        self._set_level(None, in_force.options.log_level)
        self.now = asyncio.Event()
        """Take the file as it is, without waiting for a second look. SIGHUP sets it."""
        self._count(topology)

    def shown(self) -> Mapping[str, Any]:
        """Return what counts in this process, as plain values."""
        options = self._in_force.options.model_dump(mode="json")
        digest = self._topology.source.digest
        return {"worker": self._worker, "digest": digest, "loaded_at": self._loaded_at, "options": options}

    async def run(self) -> None:
        """Look at the file every two seconds, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self.now.wait()
            at_once = self.now.is_set()
            self.now.clear()
            await self.look(at_once=at_once)

    async def look(self, *, at_once: bool = False) -> None:
        """Take over or refuse new content. It counts when two looks in a row see it: it may be half written before."""
        content = await asyncio.to_thread(self._content)
        settled, self._seen = content == self._seen, content
        if at_once or (settled and content != self._judged):
            self._judged = content
            await self._read()

    def _content(self) -> str:
        """Return the digest of the file; an empty text while it cannot be read."""
        try:
            return digest_of(read_content(self._topology.source.path))
        except Misconfigured:
            return ""

    async def _read(self) -> None:
        try:
            self._take_over(await asyncio.to_thread(self._topology.source.read_again))
        except Misconfigured as faults:
            self._refuse(str(faults).splitlines())
        except Exception as bug:  # noqa: BLE001 - no file may end a worker that runs
            self._refuse([f"{type(bug).__name__}: {bug}"])

    def _refuse(self, faults: Sequence[str]) -> None:
        self._metrics.topology_refused(refused=True)
        in_force = self._topology.source.digest
        log.error("topology refused, the version before stays in force", in_force=in_force, faults=faults)

    def _take_over(self, after: Topology) -> None:
        """Replace what is in force. Raises ``Misconfigured``; then everything stays as it was."""
        if (entry := after.workers.get(self._worker)) is None:
            raise Misconfigured(f"{after.source.path} has no worker {self._worker}: add it under `workers`, or stop it")
        before = self._in_force.options
        found = [*topology_changes(self._topology, after), *changes(before, entry, ("workers", self._worker))]
        options = with_live_changes(before, entry)
        self._check(options, after)
        spec = self._rebuilt(options)
        _announce(found, before=self._topology.source.digest, after=after.source.digest)
        self._in_force.options, self._in_force.spec = options, spec
        self._set_level(before.log_level, options.log_level)
        self._count(after)

    def _check(self, options: WorkerOptions, after: Topology) -> None:
        """Compare the live keys with those that stay as they are until a restart."""
        if faults := [*map(str, worker_faults(self._worker, options, after.topics.get(options.topic)))]:
            reason = "some of the other keys count only after a restart, and until then the live ones do not fit"
            raise Misconfigured("\n".join([f"{after.source.path}: {reason}: restart the worker", *faults]))

    def _rebuilt(self, options: WorkerOptions) -> WorkerSpec[Any, Any]:
        """Return the worker with other own options: its ``parse`` and ``jobs``, which keep nothing in memory."""
        own = type(options).model_fields.keys() - WorkerOptions.model_fields.keys()
        if all(getattr(options, name) == getattr(self._in_force.options, name) for name in own):
            return self._in_force.spec
        built = self._build(options)
        return replace(self._in_force.spec, parse=built.parse, jobs=built.jobs)

    def _set_level(self, before: str | None, after: str | None) -> None:
        if before != after:
            set_level(LogLevel(after or self._level))

    def _count(self, topology: Topology) -> None:
        self._topology = topology
        self._judged = topology.source.digest
        self._loaded_at = SystemClock().now_ms() / 1000
        self._metrics.topology(topology.source.digest, self._loaded_at)


def _announce(found: Sequence[Change], *, before: str, after: str) -> None:
    def keys(when: TakesEffect) -> list[str]:
        return [str(change) for change in found if change.takes_effect is when]

    log.info("topology taken over", version=after, before=before, changes=keys(TakesEffect.LIVE))
    if later := keys(TakesEffect.RESTART):
        log.warning("these keys of the topology count after a restart: restart the worker", version=after, keys=later)
    if applied := keys(TakesEffect.APPLY):
        fix = "run `memory-graph topology apply --execute`"
        log.warning("these keys of the topology count when Kafka has them", version=after, keys=applied, fix=fix)


@asynccontextmanager
async def reloading(reload: Reload, failed: Callable[[BaseException], None]) -> AsyncIterator[None]:
    """Look at the file until the end, and at once at SIGHUP, which `memory-graph worker` blocks until here."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.now.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    async with in_background(reload.run(), "topology", failed):
        yield
