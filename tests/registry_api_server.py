"""A small real HTTP server in the place of the registry's API: it fails as told, and counts by idempotency key."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

DROP = 0
"""Instead of a status: the connection is closed without an answer."""
SILENCE = -1
"""Instead of a status: no answer until the end."""


class RegistryApiServer:
    """``accepted`` has the body of each idempotency key, ``received`` every request that was answered 2xx or not.

    ``answers`` are what to answer next, then ``answer``; of a path that ``answer_of`` has, always that. What it has
    accepted it has, also where ``before_answering`` sees to it that nobody hears of it.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.answer = 200
        self.answer_of: dict[str, int] = {}
        self.headers: dict[str, str] = {}
        self.text = "{}"
        self.received: list[tuple[str, str, Mapping[str, str]]] = []
        self.accepted: dict[str, tuple[str, Any]] = {}
        self.times: Counter[str] = Counter()
        self.before_answering: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self._ending = asyncio.Event()

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/base"

    async def until_received(self, count: int) -> None:
        """Return when so many requests have come."""
        async with asyncio.timeout(60):
            while len(self.received) < count:
                self._changed.clear()
                await self._changed.wait()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        path, key = request.raw_path.removeprefix("/base"), request.headers.get("Idempotency-Key", "")
        self.received.append((request.method, path, dict(request.headers)))
        self._changed.set()
        status = self.answer_of.get(path) or (self.answers.pop(0) if self.answers else self.answer)
        if status == SILENCE:
            await self._ending.wait()
        if status <= DROP:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if status < 300 and key:
            self.times[key] += 1
            self.accepted[key] = (path, body)
            self.before_answering()
        return web.Response(status=status, text=self.text, headers=self.headers)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        await self._runner.cleanup()
