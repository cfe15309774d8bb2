"""The store over a real folder, and what goes over the wire to S3."""

import os
import resource
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from workers.adapters.object_store.store import ObjectStore
from workers.core.errors import Misconfigured, Unreachable
from workers.core.job import ObjectStoreAt

NAME = "2026/11/30/0/audit-events/1/000000000001.jsonl.gz"


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(ObjectStoreAt(f"file://{tmp_path}/new folder".replace(" ", "%20")))


def test_an_object_that_is_there_is_read_and_never_overwritten(store: ObjectStore, tmp_path: Path) -> None:
    assert store.put_once(NAME, b"first") == b"first"
    assert store.put_once(NAME, b"second") == b"first"
    assert store.get(NAME) == b"first"
    assert (tmp_path / "new folder" / NAME).read_bytes() == b"first"
    assert store.get("2026/none") is None
    assert list(store.names()) == [NAME]


def test_a_store_without_room_says_so_and_leaves_nothing(store: ObjectStore, tmp_path: Path) -> None:
    store.put_once("there", b"")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(Unreachable, match=r"cannot be used .*: make it reachable, writable, with room"):
            store.put_once(NAME, os.urandom(2_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(store.names()) == ["there"]
    assert store.put_once(NAME, b"room") == b"room"


@pytest.mark.parametrize("folder", ["/sys/memory-graph", "/proc/memory-graph"])
def test_a_folder_that_cannot_be_made_says_so(folder: str) -> None:
    with pytest.raises(Unreachable, match=rf"the object store file://{folder} cannot be used"):
        ObjectStore(ObjectStoreAt(f"file://{folder}"))


class S3(BaseHTTPRequestHandler):
    """Answers as S3 does, and keeps the requests."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]  # a server of this test
        self.send_response(self.server.status)  # type: ignore[attr-defined]  # same reason as above
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), S3)
    server.seen, server.status = [], 200
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY_FILE", str(tmp_path / "secret"))
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_object_for_s3_is_put_on_condition_with_its_checksum_and_its_lock(s3: Any) -> None:
    ObjectStore(ObjectStoreAt("s3://bucket/prefix", "compliance", 2_557)).put_once(NAME, b"lines")
    ((path, headers),) = s3.seen
    assert path == f"/bucket/prefix/{NAME}"
    assert headers["if-none-match"] == "*"
    assert "x-amz-checksum-sha256" in headers
    assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert headers["x-amz-object-lock-retain-until-date"] > "2033-"
    assert "x-amz-object-lock-retain-until-date" in headers["authorization"].partition("SignedHeaders=")[2]
    assert "Credential=key-of-the-environment/" in headers["authorization"]


def test_without_a_lock_no_header_asks_for_one(s3: Any) -> None:
    ObjectStore(ObjectStoreAt("s3://bucket/prefix")).put_once(NAME, b"lines")
    assert not [each for each in s3.seen[0][1] if "lock" in each]


def test_an_s3_that_refuses_us_is_a_matter_of_credentials(s3: Any) -> None:
    s3.status = 403
    with pytest.raises(Misconfigured, match="the object store s3://bucket refuses us"):
        ObjectStore(ObjectStoreAt("s3://bucket")).put_once(NAME, b"lines")


def test_an_s3_that_does_not_answer_is_out_of_reach(monkeypatch: pytest.MonkeyPatch, s3: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="the object store s3://bucket cannot be used"):
        ObjectStore(ObjectStoreAt("s3://bucket")).put_once(NAME, b"lines")
