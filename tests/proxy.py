"""A TCP proxy that tests put before a server, to cut, freeze, or lose the one answer that matters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit

COMMITTED = b"bookmark"
"""What a Neo4j server says when, and only when, it has committed."""

OVERLAP = 64
"""Bytes of the last read that are looked at again with the next: what is looked for may straddle two."""


class TcpProxy:
    """Forwards every connection to ``host:port`` until told otherwise.

    ``cut``          close all connections and refuse new ones, as a server that has died.
    ``freeze``       hold all bytes in both directions, as a server that is stopped or a network that drops packets.
    ``mend``         undo either; what was frozen is delivered.
    ``lose_answer``  deliver the next request that contains some bytes, and cut instead of passing on the answer that
                     contains some: the server has done it, and the client cannot know.
    ``cut_at``       cut instead of delivering the next request that contains some bytes: the server never sees it.
    ``freeze_at``    freeze instead of delivering the n-th request from now that contains some bytes.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.connections = 0
        """How many are open now."""
        self.triggered = asyncio.Event()
        """Set when ``lose_answer``, ``cut_at`` or ``freeze_at`` has struck."""
        self._upstream = (host, port)
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._request: bytes | None = None
        self._answer: bytes | None = None
        self._held: bytes | None = None
        self._before_held = 0

    @classmethod
    @asynccontextmanager
    async def before(cls, uri: str) -> AsyncIterator[Self]:
        """Run a proxy before the server of ``scheme://host:port``."""
        parts = urlsplit(uri)
        assert parts.hostname
        assert parts.port
        proxy = cls(parts.hostname, parts.port)
        proxy._server = await asyncio.start_server(proxy._accept, proxy.host, 0)
        proxy.port = proxy._server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            proxy._server.close()
            proxy.cut()
            await asyncio.gather(*proxy._links, return_exceptions=True)
            await proxy._server.wait_closed()

    def cut(self) -> None:
        """Close all connections and refuse new ones."""
        self._refusing = True
        for link in self._links:
            link.cancel()

    def freeze(self) -> None:
        """Pass nothing on; connections stay open, new ones are accepted and silent."""
        self._flowing.clear()

    def mend(self) -> None:
        """Forward as at first."""
        self._refusing = False
        self._request = self._answer = self._held = None
        self._flowing.set()

    def lose_answer(self, request: bytes, answer: bytes = COMMITTED) -> None:
        """Cut when an answer that contains ``answer`` follows the next request that contains ``request``."""
        self.triggered.clear()
        self._request, self._answer = request, answer

    def cut_at(self, request: bytes) -> None:
        """Cut when the next request that contains ``request`` arrives."""
        self.triggered.clear()
        self._request, self._answer = request, None

    def freeze_at(self, request: bytes, passing: int = 1) -> None:
        """Freeze when the ``passing``-th request from now that contains ``request`` arrives."""
        self.triggered.clear()
        self._held, self._before_held = request, passing - 1

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.ensure_future(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)
        link.add_done_callback(lambda _: writer.transport.abort())  # also of a link that was cut before it began

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; ends when either side does, or when cancelled."""
        self.connections += 1
        upstream: asyncio.StreamWriter | None = None
        try:
            if self._refusing:
                return
            answers, upstream = await asyncio.open_connection(*self._upstream)
            link = Link()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._requests(link, reader, upstream))
                both.create_task(self._answers(link, answers, writer))
        except* (OSError, EOFError):
            pass
        finally:
            self.connections -= 1
            for end in (writer, upstream):
                if end is not None:
                    end.transport.abort()
                    with suppress(OSError):
                        await end.wait_closed()

    async def _requests(self, link: "Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        before = b""
        async for data in self._chunks(reader):
            if self._request and self._request in before + data:
                if self._answer is None:
                    self._strike()
                link.awaiting = True
            if self._held and self._held in before + data:
                await self._hold()
            before = data[-OVERLAP:]
            writer.write(data)
            await writer.drain()

    async def _answers(self, link: "Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        before = b""
        async for data in self._chunks(reader):
            if link.awaiting and self._answer and self._answer in before + data:
                self._strike()
            before = data[-OVERLAP:]
            writer.write(data)
            await writer.drain()

    async def _chunks(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            yield data
        raise EOFError

    async def _hold(self) -> None:
        if not self._before_held:
            self.freeze()
            self.triggered.set()
        self._before_held -= 1
        await self._flowing.wait()

    def _strike(self) -> None:
        self.triggered.set()
        self.cut()
        raise EOFError


class Link:
    """One connection: whether the request whose answer must be lost has been delivered on it."""

    awaiting = False
