"""The files of the JVM servers, pinned by hash and verified at each start."""

import tarfile
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.env import LockedDependency, LockFile
from jgo.maven import MavenContext

from workers.dev.stack.download import Download, sha256_of
from workers.dev.stack.progress import StackProgress

JAR_SETS = ("kafka", "neo4j", "apicurio", "connect", "debezium")
DOWNLOADS_AT_ONCE = 8
TIMEOUT_SECONDS = 60


def set_folder(name: str) -> Path:
    """Return the folder with the ``jgo.toml`` and ``jgo.lock.toml`` of the jar set ``name``."""
    return Path(__file__).parent / "locks" / name


def locked_files(name: str) -> list[LockedDependency]:
    """Return the files of the jar set ``name``, with version and SHA-256."""
    return LockFile.load(set_folder(name) / "jgo.lock.toml").dependencies


def version_of(name: str, artifact_id: str) -> str:
    """Return the locked version of ``artifact_id`` in a jar set; raises KeyError if missing."""
    return {each.artifactId: each.version for each in locked_files(name)}[artifact_id]


def maven() -> MavenContext:
    """Return the user's own jgo settings (mirrors, local repository), or jgo's defaults."""
    settings = GlobalSettings.load()
    return MavenContext(
        repo_cache=settings.repo_cache, remote_repos=settings.repositories or None, timeout=TIMEOUT_SECONDS
    )


def fetch(server: str, names: tuple[str, ...], progress: StackProgress, halt: threading.Event) -> dict[str, list[Path]]:
    """Return the local files of the jar sets ``names``, by set.

    Downloads each file that is missing or has another hash. Raises Unreachable if a download fails or ``halt`` is set.
    """
    wanted = {name: locked_files(name) for name in names}
    download = Download(maven(), server, progress, halt, files=sum(len(files) for files in wanted.values()))
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        return {name: list(pool.map(download.file, files)) for name, files in wanted.items()}


def unpack(archive: Path, cache: Path) -> Path:
    """Return the folder under ``cache`` with the contents of a ``.tar.gz``; unpack it if needed.

    The folder's name holds the archive's hash, so that all stacks can share it.
    """
    folder = cache / f"{archive.name.removesuffix('.tar.gz')}-{sha256_of(archive)[:12]}"
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=cache) as temporary:
        contents = Path(temporary) / "contents"
        with tarfile.open(archive) as tar:
            tar.extractall(contents, filter="data")
        try:
            contents.rename(folder)
        except OSError:
            if not folder.exists():  # if it exists, another stack has just unpacked the same contents
                raise
    return folder
