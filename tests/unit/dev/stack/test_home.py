from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.dev.stack.home import check_name, stack_home, stack_lock


def test_stacks_live_in_the_current_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEMORY_GRAPH_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert stack_home() == tmp_path / ".memory-graph"


def test_the_environment_can_name_the_folder_of_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_GRAPH_HOME", str(tmp_path / "elsewhere"))
    assert stack_home() == tmp_path / "elsewhere"


@pytest.mark.parametrize("name", ["", "..", "a/b", "cache", "Dev", "-x"])
def test_an_invalid_stack_name_is_rejected(name: str) -> None:
    with pytest.raises(Misconfigured, match="--name"):
        check_name(name)


def test_a_lock_can_be_taken_after_a_reset_deleted_its_file(tmp_path: Path) -> None:
    with stack_lock(tmp_path, "dev") as file:
        file.unlink()
    with stack_lock(tmp_path, "dev") as file:
        assert file.exists()
