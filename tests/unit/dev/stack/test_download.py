"""Downloads from an HTTP server in this process that acts as a Maven repository."""

import gc
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jgo.env import LockedDependency
from jgo.maven import MavenContext

from workers.core.errors import Unreachable
from workers.dev.stack.download import Download
from workers.dev.stack.progress import NoProgress

# jgo leaves the connection of a failed download to the garbage collector: collect it here, not in a later test.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CONTENT = b"the one and only jar" * 1000
PATH = Path("org/example/thing/1.0/thing-1.0.jar")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


class RecordingProgress(NoProgress):
    def __init__(self) -> None:
        self.shares: list[float] = []

    def fetching(self, server: str, done: float, files: int) -> None:
        assert (server, files) == ("kafka", 1)
        self.shares.append(done)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    folder = tmp_path / "remote"
    (folder / PATH).parent.mkdir(parents=True)
    (folder / PATH).write_bytes(CONTENT)
    return folder


@pytest.fixture
def context(tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MavenContext]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(remote)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("workers.dev.stack.download.PAUSE_SECONDS", 0)
    yield MavenContext(repo_cache=tmp_path / "local", remote_repos={"test": address})
    server.shutdown()
    thread.join()
    server.server_close()
    gc.collect()


def thing(content: bytes = CONTENT) -> LockedDependency:
    return LockedDependency("org.example", "thing", "1.0", sha256=hashlib.sha256(content).hexdigest())


def download(context: MavenContext, progress: NoProgress, halt: threading.Event | None = None) -> Download:
    return Download(context, "kafka", progress, halt or threading.Event(), files=1)


def test_a_missing_file_is_downloaded_with_progress(context: MavenContext, tmp_path: Path) -> None:
    progress = RecordingProgress()
    path = download(context, progress).file(thing())
    assert path == tmp_path / "local" / PATH
    assert path.read_bytes() == CONTENT
    assert progress.shares == sorted(progress.shares)
    assert progress.shares[-1] == pytest.approx(1)


def test_a_local_file_is_not_downloaded_again(context: MavenContext, tmp_path: Path, remote: Path) -> None:
    (remote / PATH).unlink()
    local = tmp_path / "local" / PATH
    local.parent.mkdir(parents=True)
    local.write_bytes(CONTENT)
    assert download(context, NoProgress()).file(thing()) == local


def test_an_incomplete_file_is_replaced(context: MavenContext, tmp_path: Path) -> None:
    local = tmp_path / "local" / PATH
    local.parent.mkdir(parents=True)
    local.write_bytes(CONTENT[:7])
    assert download(context, NoProgress()).file(thing()).read_bytes() == CONTENT


def test_a_file_with_another_hash_is_rejected_and_deleted(context: MavenContext, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="SHA-256"):
        download(context, NoProgress()).file(thing(b"what was locked"))
    assert not (tmp_path / "local" / PATH).exists()
    assert [path for path in (tmp_path / "local").rglob("*") if path.is_file()] == []


def test_the_error_for_a_missing_file_names_the_fix(context: MavenContext, remote: Path) -> None:
    (remote / PATH).unlink()
    with pytest.raises(Unreachable, match="name a mirror"):
        download(context, NoProgress()).file(thing())


def test_a_download_stops_early_when_another_server_has_failed(context: MavenContext) -> None:
    halt = threading.Event()
    halt.set()
    with pytest.raises(Unreachable, match="given up"):
        download(context, NoProgress(), halt).file(thing())
