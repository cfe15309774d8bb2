from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.dev.stack.home import checked, locked, stack_home


def test_stacks_live_in_the_current_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEMORY_GRAPH_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert stack_home() == tmp_path / ".memory-graph"


def test_or_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_GRAPH_HOME", str(tmp_path / "elsewhere"))
    assert stack_home() == tmp_path / "elsewhere"


@pytest.mark.parametrize("name", ["", "..", "a/b", "cache", "Dev", "-x"])
def test_a_name_that_is_no_folder_of_ours_is_refused(name: str) -> None:
    with pytest.raises(Misconfigured, match="--name"):
        checked(name)


def test_a_lock_file_that_a_reset_deletes_can_be_taken_again(tmp_path: Path) -> None:
    with locked(tmp_path, "dev") as file:
        file.unlink()
    with locked(tmp_path, "dev") as file:
        assert file.exists()
