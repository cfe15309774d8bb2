"""The probe asks a real server on the loopback interface."""

import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from workers.observe import liveness
from workers.observe.health import HealthServer
from workers.observe.liveness import until_not_alive
from workers.observe.metrics import Metrics


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "PERIOD_SECONDS", 0.01)
    monkeypatch.setattr(liveness, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(liveness, "STARTUP_SECONDS", 0.5)


class Answers:
    """Problems that ``/healthz`` has at each request, the last one for ever."""

    def __init__(self) -> None:
        self.each: list[list[str]] = [[]]
        self.asked = 0
        self.url = ""

    def next(self) -> list[str]:
        self.asked += 1
        return self.each.pop(0) if len(self.each) > 1 else self.each[0]


@pytest.fixture
async def answers() -> AsyncIterator[Answers]:
    it = Answers()
    server = HealthServer(Metrics(), alive=it.next, ready=list)
    it.url = f"http://127.0.0.1:{await server.start(0)}/healthz"
    yield it
    await server.stop()


async def test_three_failures_in_a_row_are_needed_and_the_reason_is_returned(answers: Answers) -> None:
    stalled = ["llm-telemetry-events/3: no batch was delivered for 130 s"]
    answers.each = [[], stalled, stalled, [], stalled]

    reason = await until_not_alive(answers.url)

    assert "503" in reason
    assert stalled[0] in reason
    assert answers.asked == 7


async def test_a_process_that_never_answers_has_time_to_load() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:  # connections wait, as while a process loads
        reason = await until_not_alive(f"http://127.0.0.1:{listener.getsockname()[1]}/healthz")

    assert "does not answer" in reason
