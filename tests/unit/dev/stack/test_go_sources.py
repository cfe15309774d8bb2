"""Files of Go modules are pinned by hashes, and others are not used."""

import json
from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.dev.stack import go_sources
from workers.dev.stack.go_sources import LOCK, fetch_source, locked_sources

KEDA = "github.com/kedacore/keda/v2"


def answer_with(monkeypatch: pytest.MonkeyPatch, digest: str) -> list[str]:
    """Replace Go by an answer; return the command line, once there is one."""
    asked: list[str] = []

    def run(argv: list[object], failure: str) -> str:
        asked.extend(map(str, argv))
        return json.dumps({"Sum": digest, "Dir": "/sources/keda"})

    monkeypatch.setattr(go_sources, "install_go", lambda cache: cache / "go")
    monkeypatch.setattr(go_sources, "run", run)
    return asked


def test_every_module_is_pinned_by_its_hash() -> None:
    assert KEDA in locked_sources()
    assert all(version.startswith("v") and digest.startswith("h1:") for version, digest in locked_sources().values())
    assert "://" not in LOCK.read_text()


def test_the_locked_version_is_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    version, digest = locked_sources()[KEDA]
    asked = answer_with(monkeypatch, digest)
    assert fetch_source(KEDA, tmp_path) == Path("/sources/keda")
    assert asked[-1] == f"{KEDA}@{version}"


def test_another_content_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer_with(monkeypatch, "h1:other")
    with pytest.raises(Misconfigured, match="has the hash h1:other"):
        fetch_source(KEDA, tmp_path)
