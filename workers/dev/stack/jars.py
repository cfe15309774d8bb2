"""The files that the JVM servers are made of: pinned by hash in lock files, fetched once, checked each time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.env import LockedDependency, LockFile
from jgo.maven import MavenContext

from workers.dev.stack.download import Download
from workers.dev.stack.progress import Report

JAR_SETS = ("kafka", "neo4j", "apicurio", "connect", "debezium")
DOWNLOADS_AT_ONCE = 8
TIMEOUT_SECONDS = 60


def set_folder(name: str) -> Path:
    """The folder with the ``jgo.toml`` and ``jgo.lock.toml`` of the jar set ``name``."""
    return Path(__file__).parent / "locks" / name


def locked_files(name: str) -> list[LockedDependency]:
    """The files of the jar set ``name``, with version and SHA-256."""
    return LockFile.load(set_folder(name) / "jgo.lock.toml").dependencies


def version_of(name: str, artifact_id: str) -> str:
    """The locked version of ``artifact_id`` in the jar set ``name``; KeyError when it is not there."""
    return {each.artifactId: each.version for each in locked_files(name)}[artifact_id]


def maven() -> MavenContext:
    """The user's own jgo settings (mirrors, folder of the local repository), or jgo's defaults."""
    settings = GlobalSettings.load()
    return MavenContext(
        repo_cache=settings.repo_cache, remote_repos=settings.repositories or None, timeout=TIMEOUT_SECONDS
    )


def fetch(server: str, names: tuple[str, ...], report: Report, halt: threading.Event) -> dict[str, list[Path]]:
    """Every file of the jar sets ``names``, local and with the locked hash, by set.

    What is missing, or differs from its hash, is downloaded; raises Unreachable when that fails, or ``halt`` is set.
    """
    wanted = {name: locked_files(name) for name in names}
    download = Download(maven(), server, report, halt, files=sum(len(files) for files in wanted.values()))
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        return {name: list(pool.map(download.file, files)) for name, files in wanted.items()}
