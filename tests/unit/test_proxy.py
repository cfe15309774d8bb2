import asyncio
import gc

from tests.proxy import TcpProxy


class CutsAtOnce(TcpProxy):
    """Cuts a connection that it has accepted, before it begins to serve it."""

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super()._accept(reader, writer)
        self.cut()


async def test_a_connection_that_is_cut_before_it_is_served_is_closed() -> None:
    async with CutsAtOnce.before("bolt://127.0.0.1:9") as proxy:
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
    gc.collect()  # a connection that is left open is a warning, hence an error

    assert answer == b""
