from typing import Any

import pytest

from tests.unit.fuzz.server import any_bytes
from workers.adapters.kafka_connect.status import connector_status, is_running
from workers.config.settings import KafkaConnectSettings
from workers.core.errors import Unreachable


def status(connector: str, *tasks: str) -> dict[str, Any]:
    return {"connector": {"state": connector}, "tasks": [{"state": each} for each in tasks]}


@pytest.mark.parametrize(
    ("told", "running"),
    [
        (status("RUNNING", "RUNNING", "RUNNING"), True),
        (status("RUNNING", "RUNNING", "FAILED"), False),
        (status("PAUSED", "RUNNING"), False),
        (status("RUNNING"), False),
        (None, False),
    ],
)
def test_a_connector_runs_with_all_its_tasks_or_not_at_all(told: Any, *, running: bool) -> None:
    assert is_running(told) is running


def test_a_connect_that_does_not_answer_is_out_of_reach() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 does not answer"):
        connector_status(KafkaConnectSettings(url="http://127.0.0.1:9"), "registry")


@pytest.mark.parametrize(
    "answer",
    [
        "[]",
        "7",
        "{}",
        "null",
        '{"connector": [], "tasks": []}',
        '{"connector": {"state": "RUNNING"}, "tasks": [{"id": 1}]}',
    ],
)
def test_an_answer_of_another_server_is_out_of_reach(answer: str) -> None:
    body = answer.encode()
    with any_bytes() as server:
        server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        with pytest.raises(Unreachable, match="its answer is not Kafka Connect's") as caught:
            connector_status(KafkaConnectSettings(url=server.url), "registry")
    assert "\n" not in str(caught.value)


def test_an_answer_that_is_no_http_is_one_line() -> None:
    with any_bytes() as server:
        server.answer = b"SSH-2.0-x\r\n\x1b[31m\r\n\r\n"
        with pytest.raises(Unreachable, match="does not answer") as caught:
            connector_status(KafkaConnectSettings(url=server.url), "registry")
    assert len(str(caught.value).splitlines()) == 1
