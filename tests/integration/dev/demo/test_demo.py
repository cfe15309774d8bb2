"""A small demo on real servers, with its own topics and group."""

import asyncio
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
import typer
from rich.console import Console

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.admin import Admin
from workers.cli.dlq import app as dlq
from workers.config.settings import Settings
from workers.dev.demo.progress import Steps
from workers.dev.demo.report import Report
from workers.dev.demo.run import Options, run_demo
from workers.dev.stack.home import stack_home
from workers.dev.stack.running import RunningStack
from workers.pipelines.fleet import load_topology

ROOT = Path(__file__).parents[4]
TOPOLOGY = """
schemas: {schemas}
topics:
  {name}: {{partitions: 3, key: trace_id, retention_hours: 1, max_message_bytes: 1048576}}
  registry-changes: {{partitions: 6, key: model_id, max_message_bytes: 16777216}}
  registry-heartbeats: {{partitions: 1}}
workers:
  telemetry: {{topic: {name}, group: {name}}}
  registry: {{topic: registry-changes, group: {name}-registry}}
"""
CALLS = 3_000
"""Enough for failures that cause others; with 1,000 calls, one of fifteen sets had none."""
PACED = 200


@pytest.fixture(scope="module")
def options(stack_with_cdc: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Options]:
    name, folder = f"demo-{uuid4().hex[:12]}", tmp_path_factory.mktemp("demo")
    topology, calls = folder / "topology.yaml", folder / "calls.csv"
    topology.write_text(TOPOLOGY.format(name=name, schemas=ROOT / "schemas/avro"))
    rows = (f"{1_700_000_000_000 + 137 * row},{100 + row},{7 + row % 400},{name}" for row in range(CALLS))
    calls.write_text("\n".join(["timestamp,prompt_tokens,completion_tokens,session_id", *rows]))
    with pytest.MonkeyPatch.context() as patch:
        for key, value in stack_with_cdc.environment.items():
            patch.setenv(key, value)
        patch.setenv("MEMORY_GRAPH_TOPOLOGY", str(topology))
        yield Options(stack_with_cdc.name, calls, CALLS, paced_records=PACED)
        admin = Admin(Settings.from_environment().kafka)
        for topic in [topic for topic in admin.topics() if topic.startswith(name)]:
            admin.result(admin.client.delete_topics([topic])[topic])


@pytest.fixture(scope="module")
def report(options: Options) -> Report:
    return run_demo(options, Steps(Console(file=StringIO())))


def test_the_graph_holds_what_was_sent(report: Report) -> None:
    assert report.problems == []
    assert ("Invocation", CALLS, CALLS) in report.checks
    assert {name: found for name, _, found in report.checks if found}.keys() >= {
        "cost_usd in micro-cents",
        "calls at their exact cost",
        "calls at their Model",
    }
    assert ("calls at their Model", CALLS, CALLS) in report.checks
    assert report.labels["Invocation"] >= CALLS
    assert sum(letter.count for letter in report.dead_letters) == report.produced["poison"] > 0
    assert not report.seen_before


def test_everything_sent_at_a_rate_was_seen_to_become_visible(report: Report) -> None:
    assert report.visibility is not None
    assert report.visibility.records == PACED
    assert 0 < report.visibility.p50_ms <= report.visibility.p99_ms <= report.visibility.max_ms
    assert report.throughput.records + PACED == report.produced["records"]


def test_queries_to_try_return_rows_and_a_trace_is_drawn(report: Report) -> None:
    assert len(report.answers) == 4
    assert all(answer.rows for answer in report.answers)
    assert report.trace is not None
    assert len(report.trace.spans) > 1


def test_every_real_model_came_from_the_registry_with_the_history_of_its_prices(report: Report) -> None:
    found = {name: count for name, _, count in report.checks}
    assert found["Model of the registry"] > 2_000
    assert found["Price"] > found["Model of the registry"]
    since = [row["since"] for row in report.answers[-1].rows]
    assert since == sorted(since)
    assert len(since) > 2


def pasted(verb: str) -> list[str]:
    """Return the example in the help of a verb as a command, with the topic of this demo."""
    commands = typer.main.get_group(dlq).commands
    found = re.search(r"Example: memory-graph (.*)", commands[verb].help or "")
    assert found is not None, f"dlq {verb} --help has no example"
    topic = load_topology(Path(os.environ["MEMORY_GRAPH_TOPOLOGY"])).workers["telemetry"].topic
    words = [topic if word == "llm-telemetry-events" else word for word in shlex.split(found[1])]
    return [sys.executable, "-m", "workers.cli.main", *words]


@pytest.mark.parametrize(
    ("verb", "shows"),
    [
        ("list", "field.missing"),
        ("show", '"code": "field.missing"'),
        ("replay", "number.negative"),
        ("purge", "Nothing was deleted"),
        ("release", "there are no such parked keys"),
    ],
)
def test_the_example_of_each_verb_works_when_it_is_pasted(report: Report, verb: str, shows: str) -> None:
    assert report.dead_letters
    done = subprocess.run(
        pasted(verb),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    assert shows in done.stdout


def test_the_example_of_browse_opens_on_a_terminal(report: Report) -> None:
    assert report.dead_letters
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        pasted("browse"), stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as browsing:
        os.close(theirs)
        try:
            screen = shown_until(ours, b"field.missing")
            os.write(ours, b"q")
            assert browsing.wait(30) == 0, screen
        finally:
            browsing.kill()
            os.close(ours)


def shown_until(terminal: int, text: bytes) -> bytes:
    """Return what is written to a terminal until a text is in it."""
    screen, deadline = b"", time.monotonic() + 30
    while text not in screen:
        assert time.monotonic() < deadline, screen
        if select.select([terminal], [], [], 1.0)[0]:
            screen += os.read(terminal, 65_536)
    return screen


async def test_a_second_run_on_the_same_stack_changes_nothing(options: Options, report: Report) -> None:
    async with GraphConnection(Settings.from_environment().neo4j) as graph:
        of_run = "MATCH (i:Invocation {session_id: $session}) RETURN count(i) AS found, sum(i.total_tokens) AS tokens"
        assert options.from_file is not None
        session = options.from_file.read_text().splitlines()[1].rsplit(",", 1)[1]
        before = await graph.rows(of_run, session=session)
        assert before[0]["found"] == CALLS
        again = await asyncio.to_thread(run_demo, options, Steps(Console(file=StringIO())))
        assert again.seen_before
        assert again.problems == []
        assert await graph.rows(of_run, session=session) == before
        assert report.checks == again.checks
    assert (stack_home() / options.name / "workers" / "telemetry.log").exists()
