"""The command over one test's topic, in a graph that other tests use, too."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.end_to_end.scene import Scene
from workers.cli.graph import app
from workers.core.errors import ProblemsFound

Difference = Mapping[str, Any]
EVERYTHING = "1000000"
OF_TRACES = ("--check", "traces", "--check", "relationships")


class Written:
    """A topic and its graph."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.before: list[Difference] = []
        self._used: set[str] = set()

    def verify(self, *options: str) -> dict[str, Any]:
        """Run the command; of its differences, return those that are about this topic."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MEMORY_GRAPH_TOPOLOGY", str(self.scene.topology_path))
            done = CliRunner().invoke(app, ["verify", "-o", "json", "--limit", EVERYTHING, *options])
        document: dict[str, Any] = json.loads(done.stdout)
        assert isinstance(done.exception, ProblemsFound) is not document["equal"], done.exception
        own = [each for each in document["differences"] if self.scene.name in json.dumps(each)]
        return document | {"differences": own}

    def differences(self) -> list[Difference]:
        """Return the differences of all traces and relationships now; they stay in ``before``."""
        self.before = self.verify("--all", *OF_TRACES)["differences"]
        return self.before

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run Cypher; ``$name`` begins every id of this test."""
        return self.scene.query(cypher, name=self.scene.name, **parameters)

    def one(self, match: str) -> str:
        """Return a trace that no other test has edited, and that a pattern with the Invocation ``i`` matches."""
        found = self.query(
            f"MATCH {match} WHERE i.trace_id STARTS WITH $name AND NOT i.trace_id IN $used "
            "RETURN i.trace_id AS trace ORDER BY trace LIMIT 1",
            used=sorted(self._used),
        )
        trace: str = found[0]["trace"]
        self._used |= {trace, f"{trace}x"}  # an edit moves a call into the second one
        return trace
