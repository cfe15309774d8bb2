"""A ``neo4j-admin`` that writes and reads a small file, and a server that is away or runs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workers.config.settings import Neo4jSettings
from workers.ops.backup import restore, take
from workers.ops.backup.manifest import Mark, Noted

SCRIPT = """#!/bin/sh
echo "$@" >> "$NEO4J_HOME/calls"
env > "$NEO4J_HOME/environment"
[ -e "$NEO4J_HOME/fault" ] && { cat "$NEO4J_HOME/fault" >&2; exit 1; }
case "$2" in
  dump) echo a graph > "${4#--to-path=}/$3.dump" ;;
  load) cat "${4#--from-path=}/$3.dump" > "$NEO4J_HOME/loaded" ;;
esac
"""
MARK = Mark(worker="telemetry", topic="calls", partition=3, offset=41, epoch=0, topic_id="id")


def server_of(home: Path) -> Neo4jSettings:
    """Return the settings of a server whose home folder has the program."""
    program = home / "bin" / "neo4j-admin"
    program.parent.mkdir(parents=True)
    program.write_text(SCRIPT)
    program.chmod(0o700)
    return Neo4jSettings(home=home)


def note(*marks: Mark, at: datetime | None = None) -> Noted:
    return Noted(at=at or datetime.now(UTC), database="neo4j", edition="community", version="5.26.0", marks=marks)


class Answers:
    """What the server says at each question: a note while it runs, ``None`` once it is stopped."""

    def __init__(self, patch: pytest.MonkeyPatch, *answers: Noted | None) -> None:
        self.left = list(answers)
        for module in (take, restore):
            patch.setattr(module, "noted", self.next)

    async def next(self, _settings: Neo4jSettings) -> Noted | None:
        return self.left.pop(0)
