import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from workers.dev.stack.process import ProcessIdentity, is_alive, listens_on, spawn, stop

FOREVER = "import signal, sys\nprint('here', flush=True)\nsignal.pause()"
STUBBORN = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('here', flush=True)\nwhile True: signal.pause()"
)
WITH_CHILD = (
    "import subprocess, sys, signal\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
    "print(f'here {child.pid}', flush=True)\nsignal.pause()"
)
LISTENING = (
    "import socket, signal\ns = socket.create_server(('127.0.0.1', 0))\n"
    "print(f'here {s.getsockname()[1]}', flush=True)\nsignal.pause()"
)


class Script:
    """A Python program, started in the same way as a server."""

    def __init__(self, folder: Path, text: str) -> None:
        self.log = folder / "log"
        self.identity = spawn([sys.executable, "-c", text], os.environ, folder, self.log)
        while "here" not in self.log.read_text():
            assert is_alive(self.identity), self.log.read_text()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process
    process.kill()
    process.wait()


def test_a_process_is_alive_until_it_is_stopped(tmp_path: Path) -> None:
    script = Script(tmp_path, FOREVER)
    assert is_alive(script.identity)
    assert stop(script.identity, signal.SIGTERM, grace_seconds=10)
    assert not is_alive(script.identity)


def test_a_process_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    script = Script(tmp_path, STUBBORN)
    assert not stop(script.identity, signal.SIGTERM, grace_seconds=0.2)
    assert not is_alive(script.identity)


def test_stop_ends_the_children_of_a_process_too(tmp_path: Path) -> None:
    script = Script(tmp_path, WITH_CHILD)
    child = psutil.Process(int(script.log.read_text().split()[1]))
    stop(script.identity, signal.SIGTERM, grace_seconds=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_stop_ends_the_children_that_a_killed_process_left_behind(tmp_path: Path) -> None:
    script = Script(tmp_path, WITH_CHILD)
    child = psutil.Process(int(script.log.read_text().split()[1]))
    os.kill(script.identity.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(script.identity.pid)], timeout=10)
    stop(script.identity, signal.SIGTERM, grace_seconds=10)
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_another_process_with_a_reused_pid_is_not_stopped(bystander: subprocess.Popen[bytes]) -> None:
    earlier = ProcessIdentity(pid=bystander.pid, started="another boot/1")
    assert not is_alive(earlier)
    assert not stop(earlier, signal.SIGKILL, grace_seconds=1)
    assert bystander.poll() is None


def test_a_process_listens_only_on_ports_that_it_has_opened_itself(tmp_path: Path) -> None:
    script, other = Script(tmp_path, LISTENING), tmp_path / "other"
    other.mkdir()
    neighbour = Script(other, FOREVER)
    port = int(script.log.read_text().split()[1])
    assert listens_on(script.identity, [port])
    assert not listens_on(neighbour.identity, [port])
    stop(script.identity, signal.SIGTERM, grace_seconds=10)
    stop(neighbour.identity, signal.SIGTERM, grace_seconds=10)
    assert not listens_on(script.identity, [port])
