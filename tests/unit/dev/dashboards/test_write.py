"""The committed JSON is what the descriptions generate."""

from pathlib import Path

import pytest

from tests.unit.dev.dashboards.committed import FOLDER
from workers.dev.dashboards import write


def test_the_committed_files_are_those_of_the_descriptions() -> None:
    committed = {file.name: file.read_text() for file in FOLDER.iterdir()}
    assert committed == dict(write.generated()), "run make docs"


def test_a_file_that_nothing_describes_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "FOLDER", tmp_path / "new")
    write.main()
    (tmp_path / "new" / "of-yesterday.json").write_text("{}")
    write.main()
    assert {file.name for file in (tmp_path / "new").iterdir()} == {name for name, _ in write.generated()}


def test_the_overview_and_a_dashboard_for_each_question_exist() -> None:
    names = {name.removesuffix(".json") for name, _ in write.generated()}
    assert names >= {"overview", "worker", "registry", "dead-letters", "costs", "runbook"}
