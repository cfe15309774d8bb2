"""Download locked files, check their hashes, and move complete files into place."""

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jgo.env import LockedDependency
from jgo.maven import Artifact, MavenContext, PythonResolver

from workers.core.errors import Unreachable
from workers.dev.stack.progress import StackProgress

ATTEMPTS = 4
PAUSE_SECONDS = 0.5
FAILURES = (RuntimeError, OSError)  # jgo raises RuntimeError for any status but 200; requests raises an OSError


class Download:
    """The download of one server's files, with its progress."""

    def __init__(
        self, context: MavenContext, server: str, progress: StackProgress, halt: threading.Event, *, files: int
    ) -> None:
        self._context = context
        self._server = server
        self._progress = progress
        self._halt = halt
        self._files = files
        self._shares: dict[str, float] = {}
        self._lock = threading.Lock()

    def file(self, locked: LockedDependency) -> Path:
        """Return the local path of ``locked``; download it if missing or different. Raises Unreachable."""
        target = _artifact(self._context, locked).cached_path
        if target is None:  # jgo's type allows it, but our context always has a local repository
            raise Unreachable(f"jgo has no local repository for {locked.artifactId}: set M2_REPO to a folder.")
        if not target.exists() or sha256_of(target) != locked.sha256:
            self._fetch(locked, target)
        self._shares[target.name] = 1.0
        return target

    def _fetch(self, locked: LockedDependency, target: Path) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._fetch_once(locked, target)
            except FAILURES as error:
                if attempt == ATTEMPTS:
                    raise Unreachable(
                        f"{target.name} could not be downloaded ({error}): check the network,"
                        " or name a mirror under [repositories] in jgo's settings file (~/.config/jgo.conf)."
                    ) from error
                self._halt.wait(PAUSE_SECONDS * 2**attempt)
        return None

    def _fetch_once(self, locked: LockedDependency, target: Path) -> None:
        """Download into a temporary folder, then move the file into the repository in one step."""
        repository = self._context.repo_cache
        repository.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".memory-graph-", dir=repository) as folder:
            context = MavenContext(
                resolver=PythonResolver(progress_callback=self._count_chunks),
                repo_cache=Path(folder),
                remote_repos=self._context.remote_repos,
                timeout=self._context.timeout,
            )
            fresh = _artifact(context, locked).resolve()
            if (found := sha256_of(fresh)) != locked.sha256:
                raise RuntimeError(f"its SHA-256 is {found}, the lock file says {locked.sha256}")
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh.replace(target)

    @contextmanager
    def _count_chunks(self, filename: str, size: int) -> Iterator[Callable[[int], None]]:
        self._shares[filename] = 0.0

        def advance(count: int) -> None:
            if self._halt.is_set():
                raise Unreachable(f"the download of {filename} was given up, because another server failed.")
            with self._lock:
                self._shares[filename] += count / size
                self._progress.fetching(self._server, sum(self._shares.values()), self._files)

        yield advance


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _artifact(context: MavenContext, locked: LockedDependency) -> Artifact:
    component = context.project(locked.groupId, locked.artifactId).at_version(locked.version)
    return component.artifact(locked.classifier or "", locked.packaging)
