"""A backup without a real server: what is written, in which order, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.ops.backup.admin import MARK, Answers, note, server_of
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.backup.manifest import Manifest, latest, read_json
from workers.ops.backup.take import NOTED, backup


def test_the_watermarks_are_noted_while_it_runs_and_dumped_once_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, folder = server_of(tmp_path / "home"), tmp_path / "backups"
    Answers(monkeypatch, note(MARK))
    with pytest.raises(
        ProblemsFound, match=r"runs, and its Community edition can be dumped .* only while it is stopped"
    ):
        backup(server, folder)
    assert [each.name for each in folder.iterdir()] == [NOTED]

    Answers(monkeypatch, None, None)
    manifest = read_json(Manifest, backup(server, folder))
    assert manifest.graph.marks == (MARK,)
    assert (folder / manifest.dump).read_text() == "a graph\n"
    assert manifest.bytes == len("a graph\n")
    assert {each.suffix for each in folder.iterdir()} == {".dump", ".json"}
    assert {each.stat().st_mode & 0o077 for each in folder.iterdir()} == {0}


def test_nothing_is_dumped_without_a_note_or_with_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, folder = server_of(tmp_path / "home"), tmp_path / "backups"
    Answers(monkeypatch, None)
    with pytest.raises(ProblemsFound, match=f"{NOTED} is missing: run this once while Neo4j runs"):
        backup(server, folder)

    Answers(monkeypatch, note(MARK, at=datetime.now(UTC) - timedelta(minutes=20)), None)
    with pytest.raises(ProblemsFound):
        backup(server, folder)
    with pytest.raises(ProblemsFound, match="are 20 minutes old: start Neo4j"):
        backup(server, folder)
    assert not (tmp_path / "home" / "calls").exists()


def test_with_its_commands_it_is_stopped_and_started_again_also_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, folder = server_of(tmp_path / "home"), tmp_path / "backups"
    (tmp_path / "home" / "fault").write_text("No space left on device\n")
    Answers(monkeypatch, note(MARK), None)
    commands = f"touch '{tmp_path}/stopped'", f"touch '{tmp_path}/started'"
    with pytest.raises(ProblemsFound, match=r"was not dumped: .*neo4j-admin says: No space left on device"):
        backup(server, folder, *commands)
    assert (tmp_path / "stopped").exists()
    assert (tmp_path / "started").exists()
    assert [each.name for each in folder.iterdir()] == [NOTED], "half a dump was left"


def test_a_command_that_fails_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = server_of(tmp_path / "home")
    Answers(monkeypatch, note(MARK), note(MARK))
    with pytest.raises(ProblemsFound, match="--stop 'false' ended with exit code 1"):
        backup(server, tmp_path / "backups", "false", "true")
    with pytest.raises(Misconfigured, match="--stop '/no/such' cannot be run"):
        backup(server, tmp_path / "backups", "/no/such", "true")


def test_a_server_that_still_answers_after_its_stop_is_not_dumped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Answers(monkeypatch, note(MARK), note(MARK))
    with pytest.raises(ProblemsFound, match="runs, and"):
        backup(server_of(tmp_path / "home"), tmp_path / "backups", "true", "true")
    assert not (tmp_path / "home" / "calls").exists()


def test_files_that_a_server_uses_are_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, folder = server_of(tmp_path / "home"), tmp_path / "backups"
    (tmp_path / "home" / "fault").write_text("The database is in use. Stop database 'neo4j' and try again.\nstack\n")
    Answers(monkeypatch, note(MARK), None)
    with pytest.raises(ProblemsFound, match="a Neo4j server uses the files of database 'neo4j': stop it"):
        backup(server, folder, "true", "true")


def test_the_program_gets_none_of_our_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "hush")
    Answers(monkeypatch, note(MARK), None)
    backup(server_of(tmp_path / "home"), tmp_path / "backups", "true", "true")
    assert "hush" not in (tmp_path / "home" / "environment").read_text()


def test_the_newest_manifest_of_a_folder_counts(tmp_path: Path) -> None:
    for name in ("neo4j-20260131T010000Z", "neo4j-20260131T020000Z", "neo4j-20260130T030000Z"):
        (tmp_path / f"{name}.manifest.json").write_text("{}")
    assert latest(tmp_path).name == "neo4j-20260131T020000Z.manifest.json"
    with pytest.raises(Misconfigured, match=r"has no \*.manifest.json"):
        latest(tmp_path / "..")


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"form": 2})])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(Misconfigured, match=r"other\.json is no manifest of a backup"):
        read_json(Manifest, tmp_path / "other.json")
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_json(Manifest, tmp_path / "missing.json")
