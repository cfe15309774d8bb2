"""The command line of a server that runs in Java."""

from pathlib import Path

import pytest

from workers.dev.stack.servers.java import java


def test_options_of_the_environment_come_before_the_main_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_GRAPH_STACK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 '-Dnote=two words'")
    command = java(tmp_path, [tmp_path / "server.jar"], "-Xmx64m", "Main", "argument")
    assert command[2:4] == ["-XX:TieredStopAtLevel=1", "-Dnote=two words"]
    assert command[-3:] == ["-Xmx64m", "Main", "argument"]
