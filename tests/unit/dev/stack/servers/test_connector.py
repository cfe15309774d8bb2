"""Register a connector with a fake of Kafka Connect."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from workers.core.errors import Misconfigured, Unreachable
from workers.dev.stack.servers.connector import Connector, reason_in

CONFIG = {"tasks.max": "1"}
TRACE = (
    "org.apache.kafka.connect.errors.ConnectException: the task died\n\tat io.Debezium.start(Debezium.java:1)\n"
    "Caused by: io.debezium.DebeziumException: a step on the way\n\tat io.Debezium.run(Debezium.java:2)\n"
    "Caused by: org.postgresql.util.PSQLException: all slots are in use\n\t... 14 more\n"
)


class FakeConnect:
    """Kafka Connect with one connector, whose state changes after requests and by itself."""

    def __init__(self) -> None:
        self.config: dict[str, str] | None = None
        self.states: list[str] = []
        self.requests: list[str] = []
        self.refusals: list[int] = []
        self.stale = 0
        """How many more answers report the failure before a restart."""

    def answer(self, method: str, what: str, body: Any) -> tuple[int, Any]:
        if method != "GET":
            self.requests.append(f"{method} {what}")
        if self.refusals:
            return self.refusals.pop(0), {"message": "no"}
        if method == "PUT":
            self.config = {**body, "name": "registry"}
        if what == "/config":
            return (200, self.config) if self.config else (404, {})
        if method == "POST":
            self.stale = 2
            return 202, {}
        return (200, self._status()) if self.config else (404, {})

    def _status(self) -> dict[str, Any]:
        state = self.states[0]
        self.stale -= 1
        if len(self.states) > 1 and (state != "FAILED" or self.stale == 0):
            del self.states[0]
        task = {"id": 0, "state": state} | ({"trace": TRACE} if state == "FAILED" else {})
        return {"connector": {"state": "RUNNING"}, "tasks": [] if state == "NONE" else [task]}


@pytest.fixture
def connect() -> FakeConnect:
    return FakeConnect()


@pytest.fixture
def connector(connect: FakeConnect) -> Iterator[Connector]:
    class Handler(BaseHTTPRequestHandler):
        def handle_request(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, answer = connect.answer(self.command, self.path.removeprefix("/connectors/registry"), body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_PUT = do_POST = handle_request  # noqa: N815 - the library calls them by these names

        def log_message(self, *_: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Connector(f"http://127.0.0.1:{server.server_port}", "registry")
        server.shutdown()
        thread.join()


def test_a_new_connector_is_registered_and_waited_for(connector: Connector, connect: FakeConnect) -> None:
    connect.states = ["NONE", "UNASSIGNED", "RUNNING"]
    connector.ensure(CONFIG)
    assert connect.requests == ["PUT /config"]
    assert connect.config == {**CONFIG, "name": "registry"}
    assert connector.failure() is None


def test_a_running_connector_is_not_changed(connector: Connector, connect: FakeConnect) -> None:
    connect.config, connect.states = {**CONFIG, "name": "registry"}, ["RUNNING"]
    connector.ensure(CONFIG)
    assert connect.requests == []


def test_a_new_configuration_replaces_the_old_one(connector: Connector, connect: FakeConnect) -> None:
    connect.config, connect.states = {"tasks.max": "2", "name": "registry"}, ["RUNNING"]
    connector.ensure(CONFIG)
    assert connect.requests == ["PUT /config"]


def test_a_failed_connector_is_restarted_once(connector: Connector, connect: FakeConnect) -> None:
    connect.config, connect.states = {**CONFIG, "name": "registry"}, ["FAILED", "RUNNING"]
    connector.ensure(CONFIG)
    assert connect.requests == ["POST /restart?includeTasks=true&onlyFailed=true"]


def test_a_second_failure_is_raised(
    connector: Connector, connect: FakeConnect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.dev.stack.servers.connector.STALE_SECONDS", 0.3)
    connect.config, connect.states = {**CONFIG, "name": "registry"}, ["FAILED"]
    with pytest.raises(Unreachable, match="all slots are in use"):
        connector.ensure(CONFIG)


def test_a_failure_is_raised_with_its_innermost_cause(connector: Connector, connect: FakeConnect) -> None:
    connect.states = ["UNASSIGNED", "FAILED"]
    with pytest.raises(Unreachable, match=r"all slots are in use .*; correct that"):
        connector.ensure(CONFIG)
    failure = connector.failure()
    assert failure is not None
    assert "the task died <- org.postgresql" in failure


def test_a_request_waits_while_connect_rebalances(connector: Connector, connect: FakeConnect) -> None:
    connect.states, connect.refusals = ["RUNNING"], [409, 409]
    connector.ensure(CONFIG)
    assert connect.config is not None


def test_a_configuration_that_connect_rejects_is_misconfigured(connector: Connector, connect: FakeConnect) -> None:
    connect.states, connect.refusals = ["RUNNING"], [404, 400]
    with pytest.raises(Misconfigured, match="no"):
        connector.ensure(CONFIG)


def test_an_unregistered_connector_is_reported(connector: Connector) -> None:
    assert connector.failure() == "the connector registry is not registered"


def test_a_connect_that_does_not_answer_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="start it"):
        Connector("http://127.0.0.1:9", "registry").failure()


@pytest.mark.parametrize(("trace", "reason"), [("", "no reason given"), ("Boom: x\n\tat y", "Boom: x")])
def test_the_reason_in_a_trace_without_causes_is_its_first_line(trace: str, reason: str) -> None:
    assert reason_in(trace) == reason
