"""The HTTP server for Kubernetes, Prometheus and operators: ``/healthz``, ``/readyz``, ``/metrics``, ``/topology``."""

import errno
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from workers.core.errors import Misconfigured
from workers.observe.log import get_logger
from workers.observe.metrics import Metrics

Problems = Callable[[], Sequence[str]]
"""Returns the current problems, one sentence each, at once and without I/O."""

log = get_logger(__name__)


class HealthServer:
    """Serves ``GET /metrics``, ``/healthz``, ``/readyz`` and ``/topology`` in the worker's own event loop.

    ``alive``     problems that only a restart can fix, such as no progress although there is work.
    ``ready``     reasons why the worker is not ready: no partitions, a server out of reach, too many dead letters.
    ``notes``     what to know of a worker that may be ready all the same
    ``topology``  what of the topology counts in this process, as plain values
    The first two answer 200 without problems and 503 with them, as JSON. A check that raises is a problem.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        alive: Problems,
        ready: Problems,
        notes: Problems = list,
        topology: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._topology = topology
        self._metrics = metrics
        self._alive = alive
        self._ready = ready
        self._notes = notes
        self._runner: web.AppRunner | None = None

    async def start(self, port: int, host: str = "127.0.0.1", listener: int | None = None) -> int:
        """Listen, and return the port: ``port``, any free one for 0, or that of ``listener``, an open socket's number.

        Raises ``Misconfigured`` for a taken port and for a number that is no listening socket.
        """
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._get_metrics),
                web.get("/healthz", self._get_healthz),
                web.get("/readyz", self._get_readyz),
                web.get("/topology", self._get_topology),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        bound = await (_listen(self._runner, host, port) if listener is None else _inherit(self._runner, listener))
        log.info("serving metrics and health", address=f"http://{host}:{bound}")
        return bound

    async def stop(self) -> None:
        """Stop listening; safe to call twice."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _get_metrics(self, request: web.Request) -> web.Response:
        page, content_type = self._metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=page, headers={"Content-Type": content_type})

    async def _get_healthz(self, _request: web.Request) -> web.Response:
        problems = _ask(self._alive)
        return web.json_response({"alive": not problems, "reasons": problems}, status=503 if problems else 200)

    async def _get_readyz(self, _request: web.Request) -> web.Response:
        problems, notes = _ask(self._ready), _ask(self._notes)
        answer = {"ready": not problems, "reasons": problems, **({"notes": notes} if notes else {})}
        return web.json_response(answer, status=503 if problems else 200)

    async def _get_topology(self, _request: web.Request) -> web.Response:
        return web.json_response(self._topology())


def _ask(check: Problems) -> list[str]:
    try:
        return list(check())
    except Exception as error:  # the probe must get an answer, whatever breaks the check
        log.warning("a health check failed", exc_info=True)
        return [f"the check itself failed: {type(error).__name__}: {error}"]


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        message = f"METRICS_PORT={port} is taken on {host}: set another port, or 0 for any free one"
        raise Misconfigured(message) from error
    return _port_of(runner)


async def _inherit(runner: web.AppRunner, listener: int) -> int:
    try:
        await web.SockSite(runner, socket.socket(fileno=listener)).start()
    except OSError as error:
        message = f"METRICS_FD={listener} is no listening socket ({error.strerror}): unset it, and use METRICS_PORT"
        raise Misconfigured(message) from error
    return _port_of(runner)


def _port_of(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])
