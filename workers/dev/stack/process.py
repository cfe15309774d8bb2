"""Start, recognise and stop processes by pid and start time, because pids are reused."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
from pydantic import BaseModel

# Processes that this process has started itself: it must poll them, otherwise ended ones stay as zombies.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


class ProcessIdentity(BaseModel, frozen=True):
    """A process: its pid and its start time as the kernel reports it."""

    pid: int
    started: str


def spawn(argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> ProcessIdentity:
    """Start ``argv`` in its own session, so that it outlives this command.

    Appends its output to ``log``.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - the command lines are this package's own
            argv,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _CHILDREN[child.pid] = child
    return ProcessIdentity(pid=child.pid, started=_start_mark(child.pid) or "ended")


def is_alive(process: ProcessIdentity) -> bool:
    """Return whether this process, and no later one with its pid, still runs."""
    if child := _CHILDREN.get(process.pid):
        child.poll()
    return _start_mark(process.pid) == process.started


def listens_on(process: ProcessIdentity, ports: Sequence[int]) -> bool:
    """Return whether the process itself listens on all ``ports``, not another one."""
    with suppress(psutil.Error):
        connections = psutil.Process(process.pid).net_connections(kind="tcp")
        mine = {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}
        return mine.issuperset(ports)
    return False


def stop(process: ProcessIdentity, polite: signal.Signals, grace_seconds: float) -> bool:
    """Send the signal ``polite``, wait, then kill the process and its children.

    Returns whether it was alive and ended within ``grace_seconds`` without being killed.
    """
    if not is_alive(process):
        _kill_group(process)
        return False
    leader = psutil.Process(process.pid)
    family = leader.children(recursive=True)
    os.kill(process.pid, polite)
    _, stubborn = psutil.wait_procs([leader], timeout=grace_seconds)
    for each in [*stubborn, *family]:
        with suppress(psutil.Error):  # it has ended meanwhile; psutil never signals a reused pid
            each.kill()
    psutil.wait_procs([leader, *family], timeout=grace_seconds)
    is_alive(process)
    return not stubborn


def _kill_group(process: ProcessIdentity) -> None:
    """Kill the processes that remain in the session of an ended leader.

    This is safe: the kernel gives the session's number to no process while members of the session live.
    """
    if psutil.pid_exists(process.pid):
        return
    for each in psutil.pids():
        with suppress(OSError):
            if os.getsid(each) == process.pid:
                os.kill(each, signal.SIGKILL)


def _start_mark(pid: int) -> str | None:
    """Return boot id and clock tick at which ``pid`` started, from /proc; without /proc, the time.

    Returns None when the process has ended.
    """
    stat = Path(f"/proc/{pid}/stat")
    try:
        if Path("/proc/self/stat").exists():
            state, *fields = stat.read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return None if state in "ZX" else f"{boot}/{fields[18]}"
        other = psutil.Process(pid)
        return None if other.status() == psutil.STATUS_ZOMBIE else str(other.create_time())
    except (OSError, psutil.Error):
        return None
