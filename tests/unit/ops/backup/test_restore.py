"""A restore without a real server: what is loaded, what is refused, and what counts as restored."""

from pathlib import Path

import pytest

from tests.unit.ops.backup.admin import MARK, Answers, note, server_of
from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.backup.manifest import Manifest, Mark, read_json
from workers.ops.backup.restore import require_restored, restore
from workers.ops.backup.take import backup


@pytest.fixture
def server(tmp_path: Path) -> Neo4jSettings:
    return server_of(tmp_path / "home")


@pytest.fixture
def taken(server: Neo4jSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Answers(monkeypatch, note(MARK), None)
    return backup(server, tmp_path / "backups", "true", "true")


def manifest_of(*marks: Mark) -> Manifest:
    graph = note(*marks)
    return Manifest(taken_at=graph.at, dump="any.dump", bytes=1, sha256="any", graph=graph)


def test_the_dump_is_loaded_once_the_server_is_stopped(
    server: Neo4jSettings, taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = read_json(Manifest, taken)
    Answers(monkeypatch, note(MARK))
    with pytest.raises(ProblemsFound, match="runs, and its Community edition"):
        restore(server, taken, manifest)
    assert not (tmp_path / "home" / "loaded").exists()

    Answers(monkeypatch, None)
    restore(server, taken, manifest)
    assert (tmp_path / "home" / "loaded").read_text() == "a graph\n"


def test_a_dump_that_is_missing_or_another_one_is_not_loaded(
    server: Neo4jSettings, taken: Path, tmp_path: Path
) -> None:
    manifest = read_json(Manifest, taken)
    dump = taken.with_name(manifest.dump)
    dump.write_text("b graph\n")
    with pytest.raises(ProblemsFound, match="its SHA-256 differs"):
        restore(server, taken, manifest)
    dump.unlink()
    with pytest.raises(ProblemsFound, match="is missing, which"):
        restore(server, taken, manifest)
    with pytest.raises(Misconfigured, match="of the database 'neo4j': set NEO4J_DATABASE"):
        restore(server.model_copy(update={"database": "other"}), taken, manifest)
    assert not (tmp_path / "home" / "loaded").exists()


def test_a_home_without_the_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured, match=f"NEO4J_HOME={tmp_path} has no bin/neo4j-admin"):
        restore(Neo4jSettings(home=tmp_path), tmp_path, manifest_of())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="there is no neo4j-admin on the PATH"):
        restore(Neo4jSettings(), tmp_path, manifest_of())


def at(offset: int, epoch: int = 0) -> Mark:
    return MARK.model_copy(update={"offset": offset, "epoch": epoch})


@pytest.mark.parametrize(("graph", "unchanged"), [(at(41), 1), (at(42), 0), (at(-1, epoch=1), 0)])
def test_a_graph_may_be_further_than_its_backup(graph: Mark, unchanged: int) -> None:
    assert require_restored(manifest_of(at(41)), note(graph)) == unchanged


@pytest.mark.parametrize(
    ("graph", "fault"),
    [
        ([], "telemetry/calls/3 has no watermark"),
        ([at(40, epoch=1)], "is at offset 40, before offset 41"),
        ([at(99)], "is in epoch 0, before epoch 1"),
    ],
)
def test_a_graph_that_is_behind_is_another_one(graph: list[Mark], fault: str) -> None:
    with pytest.raises(ProblemsFound, match=f"not that of the backup: .*{fault}"):
        require_restored(manifest_of(at(41, epoch=1)), note(*graph))
