"""Start, recognise and stop processes: by pid and start time, so that a reused pid is never taken for ours."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
from pydantic import BaseModel

# Popen objects of processes that this very process started: they must be polled, or the dead stay as zombies.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


class Identity(BaseModel, frozen=True):
    """Which process, beyond its pid: ``started`` is the kernel's own mark of when."""

    pid: int
    started: str


def spawn(argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Identity:
    """Start ``argv`` in a session of its own, so that it outlives this command; output is appended to ``log``."""
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
    return Identity(pid=child.pid, started=_start_mark(child.pid) or "ended")


def is_alive(process: Identity) -> bool:
    """Whether this very process still runs."""
    if child := _CHILDREN.get(process.pid):
        child.poll()
    return _start_mark(process.pid) == process.started


def listens_on(process: Identity, ports: Sequence[int]) -> bool:
    """Whether the process itself has every one of ``ports`` open: another's server on that port does not count."""
    with suppress(psutil.Error):
        connections = psutil.Process(process.pid).net_connections(kind="tcp")
        mine = {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}
        return mine.issuperset(ports)
    return False


def stop(process: Identity, polite: signal.Signals, grace_seconds: float) -> bool:
    """Ask the process to end, then kill it and all that it started. Whether it was alive and ended politely."""
    if not is_alive(process):
        _kill_group(process)
        return False
    leader = psutil.Process(process.pid)
    family = leader.children(recursive=True)
    os.kill(process.pid, polite)
    _, stubborn = psutil.wait_procs([leader], timeout=grace_seconds)
    for each in [*stubborn, *family]:
        with suppress(psutil.Error):  # it ended meanwhile; psutil refuses to signal a reused pid
            each.kill()
    psutil.wait_procs([leader, *family], timeout=grace_seconds)
    is_alive(process)
    return not stubborn


def _kill_group(process: Identity) -> None:
    """Kill what a dead leader left behind: while members of a session live, its number goes to nobody else."""
    if psutil.pid_exists(process.pid):
        return
    for each in psutil.pids():
        with suppress(OSError):
            if os.getsid(each) == process.pid:
                os.kill(each, signal.SIGKILL)


def _start_mark(pid: int) -> str | None:
    """Boot and clock tick at which ``pid`` started, from /proc; elsewhere the time. None for the dead."""
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
