"""Every program has a locked module, and its build is done once."""

import re
from pathlib import Path

import pytest

from workers.dev.stack import go_programs
from workers.dev.stack.go_programs import MODULE_OF, build, folder_of, is_built
from workers.dev.stack.servers import SERVERS

LOCKS = Path(go_programs.__file__).parent / "locks"


@pytest.mark.parametrize("module", sorted(set(MODULE_OF.values())))
def test_a_module_is_pinned_by_hashes_and_names_its_programs(module: str) -> None:
    tools = re.findall(r"/cmd/(\S+)", (LOCKS / module / "go.mod").read_text())
    assert sorted(tools) == sorted(name for name, of in MODULE_OF.items() if of == module)
    lines = (LOCKS / module / "go.sum").read_text().splitlines()
    assert lines
    assert all(re.fullmatch(r"\S+ v\S+ h1:[A-Za-z0-9+/]{43}=", line) for line in lines)


def test_go_itself_is_pinned_by_hashes_and_names_no_host() -> None:
    text = (LOCKS / "go" / "requirements.lock").read_text()
    assert (LOCKS / "go" / "requirements.in").read_text().strip() in text
    assert "--hash=sha256:" in text
    assert "://" not in text


def test_what_is_built_is_not_built_again(tmp_path: Path) -> None:
    assert not is_built("promtool", tmp_path)
    folder = folder_of("promtool", tmp_path)
    folder.mkdir()
    (folder / "promtool").touch()
    assert build("promtool", tmp_path) == folder / "promtool"
    assert not is_built("prometheus", tmp_path)


def test_the_programs_of_servers_exist() -> None:
    assert {program for server in SERVERS.values() for program in server.go_programs} <= set(MODULE_OF)
