"""``memory-graph graph backup`` and ``graph restore``: what they refuse, what they print."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from workers.cli.graph import app
from workers.core.errors import Misconfigured
from workers.ops.backup import read_again as counting
from workers.ops.backup.manifest import Manifest, Mark, Noted, write_json
from workers.ops.backup.read_again import ReadAgain

AT = datetime(2026, 1, 31, 18, tzinfo=UTC)
MARK = Mark(worker="registry", topic="registry-changes", partition=0, offset=41, epoch=0, topic_id="id")
GONE = ReadAgain("registry", "registry-changes", 1_234, 56, recreated=False, command="memory-graph registry resnapshot")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


@pytest.fixture
def backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a manifest, and have Kafka say what is read again."""
    graph = Noted(at=AT, database="neo4j", edition="community", version="5.26.0", marks=(MARK,))
    made = Manifest(taken_at=AT, dump="neo4j.dump", bytes=3 * 2**20, sha256="0", graph=graph)
    write_json(made, tmp_path / "neo4j-20260131T180000Z.manifest.json")

    def read_again(_kafka: object, topics: dict[str, str], _marks: object) -> Iterator[ReadAgain]:
        assert topics["registry"] == "registry-changes"
        yield GONE

    monkeypatch.setattr(counting, "read_again", read_again)
    return tmp_path


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_help_has_an_example(verb: str) -> None:
    assert f"Example: memory-graph graph {verb} /backups" in " ".join(run(verb, "--help").stdout.split())


def test_without_execute_it_says_what_would_be_read_again_and_what_is_gone(backup: Path) -> None:
    result = run("restore", str(backup))
    assert result.exit_code == 0, result.output
    for part in (
        "5.26.0 community",
        "3.0 MiB",
        "2026-01-31 18:00 UTC",
        "1,234",
        "56",
        "resnapshot",
        "Nothing was changed",
    ):
        assert part in result.stdout


def test_programs_get_json(backup: Path) -> None:
    document = json.loads(run("restore", str(backup), "-o", "json").stdout)
    assert document["read_again"] == [GONE._asdict()]
    assert (document["loaded"], document["unchanged"], document["partitions"]) == (False, None, 1)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--stop", "true"], "--stop and --start belong together"),
        (["--start", "true"], "--stop and --start belong together"),
        (["--execute", "--check"], "--check is for after the start"),
    ],
)
def test_options_that_contradict_each_other_are_refused(backup: Path, options: list[str], fault: str) -> None:
    with pytest.raises(Misconfigured, match=fault):
        CliRunner().invoke(app, ["restore", str(backup), *options], catch_exceptions=False)
