"""The files of the JVM servers, pinned by hash and verified at each start."""

import platform
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.env import LockedDependency, LockFile
from jgo.maven import MavenContext

from workers.dev.stack.download import Download, sha256_of
from workers.dev.stack.progress import StackProgress

JAR_SETS = ("kafka", "neo4j", "apicurio", "connect", "debezium", "postgres")
PLATFORMS = {
    ("Linux", "x86_64"): "linux-amd64",
    ("Linux", "aarch64"): "linux-arm64v8",
    ("Darwin", "x86_64"): "darwin-amd64",
    ("Darwin", "arm64"): "darwin-arm64v8",
}
"""How the names of artifacts with machine code end, by what Python calls the machine."""
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


def files_here(name: str) -> list[LockedDependency]:
    """Return the files of the jar set ``name`` without those for other machines."""
    others = tuple(each for machine, each in PLATFORMS.items() if machine != (platform.system(), platform.machine()))
    return [file for file in locked_files(name) if not file.artifactId.endswith(others)]


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
    wanted = {name: files_here(name) for name in names}
    download = Download(maven(), server, progress, halt, files=sum(len(files) for files in wanted.values()))
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        return {name: list(pool.map(download.file, files)) for name, files in wanted.items()}


def unpack(archive: Path, cache: Path) -> Path:
    """Return the folder under ``cache`` with the contents of a ``.tar.gz``, or of the ``.txz`` in a jar.

    Unpacks it if needed. The folder's name holds the archive's hash, so that all stacks can share it.
    """
    folder = cache / f"{archive.name.removesuffix('.tar.gz').removesuffix('.jar')}-{sha256_of(archive)[:12]}"
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=cache) as temporary:
        contents = Path(temporary) / "contents"
        with _opened(archive) as tar:
            tar.extractall(contents, filter="data")
        try:
            contents.rename(folder)
        except OSError:
            if not folder.exists():  # if it exists, another stack has just unpacked the same contents
                raise
    return folder


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    if archive.suffix != ".jar":
        with tarfile.open(archive) as tar:
            yield tar
        return
    with zipfile.ZipFile(archive) as jar:
        (name,) = [each for each in jar.namelist() if each.endswith(".txz")]
        with jar.open(name) as file, tarfile.open(fileobj=file, mode="r|xz") as tar:
            yield tar
