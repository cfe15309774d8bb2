"""A broker that has just started says that the cluster has no brokers, and librdkafka asks nobody ever after.

See https://github.com/confluentinc/librdkafka/issues/5301; a chaos test found it.
"""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from aiokafka.protocol.admin import ApiVersionResponse_v0, CreatePartitionsResponse_v0  # type: ignore[import-untyped]  # it ships no types
from aiokafka.protocol.metadata import MetadataResponse_v1  # type: ignore[import-untyped]  # it ships no types
from aiokafka.protocol.struct import Struct  # type: ignore[import-untyped]  # it ships no types
from confluent_kafka.admin import NewPartitions  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.core.errors import Unreachable

METADATA, API_VERSIONS, CREATE_PARTITIONS = 3, 18, 37
SUPPORTED = [(METADATA, 1, 1), (API_VERSIONS, 0, 0), (CREATE_PARTITIONS, 0, 0)]
UNSUPPORTED_VERSION = 35
NODE, NOBODY = 1, -1
SECONDS = 20


class Broker(socketserver.ThreadingTCPServer):
    """The little of Kafka's protocol that an admin client needs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.connections: list[socket.socket] = []
        self.has_just_started = False
        self.said_nobody = threading.Event()
        self.serving = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.serving.start()

    def answer(self, key: int, version: int) -> Struct:
        if key == API_VERSIONS:
            return ApiVersionResponse_v0(UNSUPPORTED_VERSION if version else 0, SUPPORTED)
        if key == CREATE_PARTITIONS:
            return CreatePartitionsResponse_v0(0, [("topic", 0, None)])
        if self.has_just_started:
            self.said_nobody.set()
            return MetadataResponse_v1([], NOBODY, [])
        return MetadataResponse_v1([(NODE, "127.0.0.1", self.server_address[1], None)], NODE, [])

    def start_again(self) -> None:
        """Close all connections; have no brokers from now on."""
        self.has_just_started = True
        for connection in self.connections:
            with suppress(OSError):  # the client has closed it
                connection.shutdown(socket.SHUT_RDWR)


class Connection(socketserver.StreamRequestHandler):
    """Answers one request after the other."""

    server: Broker

    def handle(self) -> None:
        self.server.connections.append(self.connection)
        while size := self.rfile.read(4):
            request = self.rfile.read(*struct.unpack(">i", size))
            key, version, correlation = struct.unpack(">hhi", request[:8])
            answer = struct.pack(">i", correlation) + self.server.answer(key, version).encode()
            self.wfile.write(struct.pack(">i", len(answer)) + answer)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as server:
        yield server
        server.shutdown()
        server.serving.join()


def ask(admin: Admin) -> None:
    admin.results(admin.client.create_partitions([NewPartitions("topic", 2)], request_timeout=admin.timeout_seconds))


def test_another_client_asks_after_one_that_got_no_answer(broker: Broker) -> None:
    admin = Admin(KafkaSettings(bootstrap_servers=f"127.0.0.1:{broker.server_address[1]}"), timeout_seconds=1)
    ask(admin)
    broker.start_again()
    assert broker.said_nobody.wait(SECONDS)
    broker.has_just_started = False
    with pytest.raises(Unreachable, match="does not answer"):
        ask(admin)

    ask(admin)
