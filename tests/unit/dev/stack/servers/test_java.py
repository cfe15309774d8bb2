"""The command line of a server that runs in Java."""

from pathlib import Path

import pytest

from workers.dev.stack.servers.java import argument_file, java


def test_options_of_the_environment_come_before_the_main_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_GRAPH_STACK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 '-Dnote=two words'")
    command = java(tmp_path, [tmp_path / "server.jar"], "-Xmx64m", "Main", "argument")
    assert command[2:4] == ["-XX:TieredStopAtLevel=1", "-Dnote=two words"]
    assert command[-3:] == ["-Xmx64m", "Main", "argument"]


def test_arguments_with_a_password_are_in_a_file_that_nobody_else_may_read(tmp_path: Path) -> None:
    file = tmp_path / "password.args"
    named = argument_file(["Main", 'a "b" \\c'], file)
    assert named == f"@{file}"
    assert file.read_text() == '"Main"\n"a \\"b\\" \\\\c"'
    assert file.stat().st_mode & 0o077 == 0
