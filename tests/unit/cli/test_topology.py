import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from workers.cli.topology import app
from workers.core.errors import Misconfigured, ProblemsFound, Unreachable
from workers.ops import topology_diff
from workers.ops.topology_diff import Comparison, Difference
from workers.pipelines.fleet import load_topology

ROOT = Path(__file__).parents[3]
OURS = ROOT / "topology.yaml"
INVALID = "topics: {events: {partitions: 0}}\nworkers: {}\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=True)


def test_check_of_a_valid_file_says_so() -> None:
    result = run("check", "-f", str(OURS))

    assert result.exit_code == 0
    assert f"{OURS} is valid" in result.output.replace("\n", "")


def test_check_of_an_invalid_file_raises_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(INVALID)

    result = run("check", "-f", str(file), "-o", "json")

    assert isinstance(result.exception, Misconfigured)
    document = json.loads(result.stdout)
    assert document["file"] == str(file)
    assert [fault.removeprefix(f"{file}:")[:2] for fault in document["faults"]] == ["1:", "2:"]
    assert all(fault in str(result.exception) for fault in document["faults"])


def test_the_environment_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(tmp_path / "elsewhere.yaml"))

    result = run("check")

    assert isinstance(result.exception, Misconfigured)
    assert "elsewhere.yaml cannot be read" in str(result.exception)


def test_show_prints_an_equivalent_file(tmp_path: Path) -> None:
    result = run("show", "-f", str(OURS))

    shown = tmp_path / "topology.yaml"
    shown.write_text(result.output)
    again, ours = load_topology(shown), load_topology(OURS)
    assert (again.topics, again.workers) == (ours.topics, ours.workers)
    assert "# topology.yaml:" in result.output


def test_show_as_json_has_values_and_origins() -> None:
    document = json.loads(run("show", "-f", str(OURS), "-o", "json").output)

    assert document["workers"]["telemetry"]["batch"]["max_rows"] == 1_000
    assert document["origins"]["workers.telemetry.topic"].startswith("topology.yaml:")


async def compared_as(*differences: Difference, unreachable: tuple[str, ...] = ()) -> Comparison:
    return Comparison(differences, unreachable)


@pytest.mark.parametrize(
    ("compared", "error", "printed"),
    [
        (compared_as, type(None), "as version"),
        (partial(compared_as, Difference("kafka", "events partitions", 3, 4)), ProblemsFound, "events partitions"),
        (partial(compared_as, unreachable=("nobody does not answer",)), Unreachable, ""),
        (
            partial(compared_as, Difference("kafka", "events partitions", 3, 4), unreachable=("nobody",)),
            Unreachable,
            "events partitions",
        ),
    ],
)
def test_diff_prints_what_differs_and_ends_by_it(
    monkeypatch: pytest.MonkeyPatch,
    compared: Callable[[], Awaitable[Comparison]],
    error: type[BaseException],
    printed: str,
) -> None:
    asked: list[Any] = []

    async def compare(_kafka: object, _topology: object, urls: list[str]) -> Comparison:
        asked.append(urls)
        return await compared()

    monkeypatch.setattr(topology_diff, "compare", compare)
    result = run("diff", "-f", str(OURS))
    assert isinstance(result.exception, error)
    assert printed in result.stdout
    assert asked == [["http://127.0.0.1:9464"]]


def test_schema_names_every_key_of_our_own_file() -> None:
    schema = json.loads(run("schema").output)

    def names(node: Any) -> set[str]:
        if isinstance(node, dict):
            return set(node.get("properties", ())) | {name for value in node.values() for name in names(value)}
        return {name for value in node for name in names(value)} if isinstance(node, list) else set()

    def keys(node: Any) -> set[str]:
        return set(node) | {key for value in node.values() for key in keys(value)} if isinstance(node, dict) else set()

    ours = YAML(typ="safe").load(OURS.read_text())
    assert keys(ours) - set(ours["topics"]) - set(ours["workers"]) <= names(schema)
