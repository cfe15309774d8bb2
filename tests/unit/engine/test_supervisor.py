"""The supervisor with real processes, which answer or do not answer on the socket that they inherit."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from workers.engine import supervisor
from workers.engine.supervisor import Supervisor
from workers.observe import liveness

REPLICA = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
listener = socket.socket(fileno=int(os.environ["METRICS_FD"]))
with open(sys.argv[1], "a") as starts:
    starts.write(f"{os.getpid()} {listener.getsockname()[1]}\\n")
hangs = len(open(sys.argv[1]).readlines()) == 1 and sys.argv[2] == "hangs"
while True:
    client, _ = listener.accept()
    client.recv(1000)
    status = b"503 stalled" if hangs else b"200 OK"
    client.sendall(b"HTTP/1.1 " + status + b"\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n")
    client.close()
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "PERIOD_SECONDS", 0.05)
    monkeypatch.setattr(supervisor, "FIRST_RESTART_SECONDS", 0.01)


async def starts_of(file: Path, behaviour: str, until: int, seconds: float = 30.0) -> tuple[list[str], int]:
    """Run one replica until it has started ``until`` times and a moment longer; return its starts and the code."""

    def command(_name: str) -> Sequence[str]:
        return sys.executable, "-c", REPLICA, str(file), behaviour

    fleet = Supervisor({"telemetry": 1}, command=command)
    running = asyncio.create_task(fleet.run())
    async with asyncio.timeout(seconds):
        while len(lines_of(file)) < until:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        fleet.stop()
        code = await running
    return lines_of(file), code


def lines_of(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


async def test_a_replica_whose_health_fails_is_restarted_at_the_same_address(tmp_path: Path) -> None:
    starts, code = await starts_of(tmp_path / "starts", "hangs", until=2)

    (first, port), (second, same_port) = (start.split() for start in starts)
    assert first != second
    assert port == same_port
    assert code == 0


async def test_a_replica_that_is_alive_is_left_alone(tmp_path: Path) -> None:
    starts, code = await starts_of(tmp_path / "starts", "lives", until=1)

    assert len(starts) == 1
    assert code == 0


LOADING = """
import os, signal, sys, time
with open(sys.argv[1], "a") as starts:
    starts.write("loading\\n")
while not os.path.exists(sys.argv[1] + ".loaded"):
    time.sleep(0.01)
def note(*_):
    with open(sys.argv[1], "a") as starts:
        starts.write("reloaded\\n")
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGHUP, note)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
while True:
    signal.pause()
"""


async def until_lines(file: Path, expected: list[str]) -> None:
    async with asyncio.timeout(30):
        while lines_of(file) != expected:
            await asyncio.sleep(0.02)


async def test_sighup_reaches_every_replica_also_one_that_is_still_loading(tmp_path: Path) -> None:
    file = tmp_path / "starts"
    fleet = Supervisor({"telemetry": 2}, command=lambda _: (sys.executable, "-c", LOADING, str(file)))
    running = asyncio.create_task(fleet.run())
    try:
        await until_lines(file, ["loading"] * 2)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        (tmp_path / "starts.loaded").touch()
        await until_lines(file, ["loading"] * 2 + ["reloaded"] * 2)
        os.kill(os.getpid(), signal.SIGHUP)
        await until_lines(file, ["loading"] * 2 + ["reloaded"] * 4)
    finally:
        fleet.stop()
        code = await asyncio.wait_for(running, 30)
    assert code == 0


async def test_a_replica_has_the_environment_of_its_worker(tmp_path: Path) -> None:
    script = f"import os; open({str(tmp_path)!r} + '/' + os.environ['WHO'], 'w').write(os.environ['METRICS_FD'])"
    fleet = Supervisor(
        {"audit": 1},
        command=lambda _: (sys.executable, "-c", f"{script}; raise SystemExit(2)"),
        environment=lambda name: {**os.environ, "WHO": name},
    )
    assert await fleet.run() == 2
    assert (tmp_path / "audit").read_text().isdecimal()


STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").write("started\\n")
while True:
    time.sleep(1)
"""


async def test_a_replica_that_does_not_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    file, asked = tmp_path / "starts", []

    def grace_seconds(name: str) -> float:
        asked.append(name)
        return 0.2

    fleet = Supervisor(
        {"audit": 1}, command=lambda _: (sys.executable, "-c", STUBBORN, str(file)), grace_seconds=grace_seconds
    )
    running = asyncio.create_task(fleet.run())
    await until_lines(file, ["started"])
    fleet.stop()

    assert await asyncio.wait_for(running, 30) == -signal.SIGKILL
    assert asked == ["audit"]
