"""Every client against a TLS server that it must not trust: none goes on, and each says cause and fix."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from socket import create_server, socket

import pytest
from cryptography import x509
from pydantic import SecretStr

from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.graph.driver import check_connection, open_driver
from workers.adapters.kafka.admin import Admin
from workers.adapters.registry_api.client import RegistryApi
from workers.adapters.vault.login import check_token
from workers.config.settings import (
    KafkaConnectSettings,
    KafkaSettings,
    Neo4jSettings,
    RegistryApiSettings,
    SchemaRegistrySettings,
    SecurityProtocol,
    VaultSettings,
)
from workers.core.errors import MemoryGraphError, Misconfigured
from workers.dev.stack.servers.connector import Connector
from workers.dev.stack.tls.certificates import Certificate
from workers.ops.doctor.connector_checks import check_connector


def shake_hands(context: ssl.SSLContext, connection: socket) -> None:
    with connection, suppress(OSError):
        context.wrap_socket(connection, server_side=True).close()


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """Yield the port of a server that shakes hands and closes."""
    with create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=shake_hands, args=(context, connection), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(2)
        thread.join()


def kafka(port: int, authority: Path) -> None:
    settings = KafkaSettings(
        bootstrap_servers=f"127.0.0.1:{port}", security_protocol=SecurityProtocol.SSL, ssl_cafile=authority
    )
    Admin(settings, timeout_seconds=3.0).topics()


def neo4j(port: int, authority: Path) -> None:
    settings = Neo4jSettings(uri=f"bolt+s://127.0.0.1:{port}", password=SecretStr("x"), cafile=authority)

    async def connect() -> None:
        async with open_driver(settings) as driver:
            await check_connection(driver, settings)

    asyncio.run(connect())


def schema_registry(port: int, authority: Path) -> None:
    settings = SchemaRegistrySettings(url=f"https://127.0.0.1:{port}", cafile=authority)

    async def ask() -> None:
        async with aclosing(SchemaRegistry(settings)) as registry:
            await registry.definition(1)

    asyncio.run(ask())


def registry_api(port: int, authority: Path) -> None:
    async def ask() -> None:
        async with RegistryApi(RegistryApiSettings(url=f"https://127.0.0.1:{port}", cafile=authority)) as api:
            await api.get("/models")

    asyncio.run(ask())


def vault(port: int, authority: Path) -> None:
    check_token(VaultSettings(addr=f"https://127.0.0.1:{port}", token=SecretStr("x"), cacert=authority))


def connect(port: int, authority: Path) -> None:
    (finding,) = check_connector(KafkaConnectSettings(url=f"https://127.0.0.1:{port}", cafile=authority))
    raise Misconfigured(finding.message)


def connector(port: int, authority: Path) -> None:
    Connector(f"https://127.0.0.1:{port}", "registry", authority).failure()


Client = Callable[[int, Path], None]
CLIENTS: tuple[Client, ...] = (kafka, neo4j, schema_registry, registry_api, vault, connect, connector)
WRONG: dict[str, Callable[[Certificate], Certificate]] = {
    "its certificate has expired": lambda authority: authority.sign("old", days=-1),
    "its certificate is of an authority that this client does not know": lambda _: Certificate.authority("b").sign("c"),
    "its certificate is for another name": lambda authority: authority.sign("d", (x509.DNSName("elsewhere"),)),
    "it does not speak TLS 1.3": lambda authority: authority.sign("slow"),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("cause", WRONG)
def test_a_server_that_cannot_be_trusted_is_named_with_cause_and_fix(
    tmp_path: Path, client: Client, cause: str
) -> None:
    authority = Certificate.authority("the authority")
    (tmp_path / "ca.pem").write_text(authority.certificate_pem)
    WRONG[cause](authority).write(tmp_path / "tls.crt", tmp_path / "tls.key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    if "TLS 1.3" in cause:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    with serving(context) as port, pytest.raises(MemoryGraphError) as raised:
        client(port, tmp_path / "ca.pem")

    said = str(raised.value)
    assert f"127.0.0.1:{port} cannot be reached over TLS: {cause}" in said
    assert len(said.splitlines()) == 1
