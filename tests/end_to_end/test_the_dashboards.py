"""Every query of every dashboard finds something while a whole fleet works: in a real Prometheus, and in Neo4j."""

import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest

from tests.end_to_end.bad_records import Producer
from tests.end_to_end.program import Program, get, run, until
from tests.end_to_end.scene import Scene
from tests.unit.dev.dashboards.committed import Asked, cypher, promql
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

NEEDS_AN_OUTAGE = "a server must be away; the tests of the alerts stop one"
CANNOT_BE_MADE = {
    "llm_memory_graph_retries_total": NEEDS_AN_OUTAGE,
    "llm_memory_graph_circuit_breaker_openings_total": NEEDS_AN_OUTAGE,
    "ALERTS_FOR_STATE": "an alert fires after minutes; the tests of the alerts make some fire",
    "llm_memory_graph_unready": "a worker that starts is not ready for less than two scrapes, often",
}
"""Metrics without series in an undisturbed fleet, and why."""

TOPOLOGY = """\
schemas: {schemas}
topics:
  {name}-events: {{partitions: 2, key: trace_id, max_message_bytes: 16777216}}
  {name}-migrations: {{partitions: 1, key: schema_id}}
  registry-changes: {{partitions: 6, key: model_id, max_message_bytes: 16777216}}
  schema-notifications: {{partitions: 1, key: schema_id}}
  registry-confirmations: {{partitions: 1, key: schema_id}}
defaults:
  session_timeout_seconds: 6
workers:
  telemetry:
    topic: {name}-events
    group: {name}-group
    # So slow that partitions wait for it, and so few that most states must be read from the graph.
    throttle: {{baseline_rows_per_second: {rows_a_second}, max_rows_per_second: {rows_a_second}}}
    batch: {{max_rows: 100}}
    state: {{max_entries: 10}}
  registry:
    topic: registry-changes
    group: {name}-registry
    order: strict
  evolution:
    topic: {name}-migrations
    group: {name}-evolution
"""
ROWS_A_SECOND = 200
CALLS = 300
SCRAPE_SECONDS = 5
RATE = "100"
"""Records a second, for as long as several scrapes take."""
SESSIONS = 20
"""Of users in several teams."""
INSERT_MODEL = """
INSERT INTO models (model_id, version, provider, context_window, metadata) VALUES (%s, '2026-01-01', 'sample', %s, %s)
ON CONFLICT (model_id) DO UPDATE SET metadata = excluded.metadata, updated_at = now()
"""
DELETE_MODELS = "DELETE FROM models WHERE model_id LIKE %s"
CLEAR = """
MATCH (i:Invocation) WHERE i.session_id STARTS WITH $name
OPTIONAL MATCH (i)-[:HAS_METRIC|CAUSED_ERROR]->(n)
DETACH DELETE n, i
UNION
MATCH (n) WHERE coalesce(n.schema_id, n.model_id) STARTS WITH $name
DETACH DELETE n
"""


class Whole(Scene):
    """A scene with all workers, and their traffic."""

    def write_topology(self, partitions: int) -> None:
        assert partitions == 2
        text = TOPOLOGY.format(schemas=self.schemas, name=self.name, rows_a_second=ROWS_A_SECOND)
        self.topology_path.write_text(text)

    def send(self) -> None:
        """Send telemetry, changes of the registry, and a schema with a version that breaks it."""
        calls = self.folder / "calls.csv"
        now = round(time.time() * 1000)
        rows = (f"{now - 137 * row},{100 + row},{7 + row},{self.name}-{row % SESSIONS}" for row in range(CALLS))
        calls.write_text("\n".join(["timestamp,prompt_tokens,completion_tokens,session_id", *rows]))
        self._sample("telemetry", "--topic", self.topic, "--from", str(calls), "--poison", "1", "--rate", RATE)
        self._call_an_unknown_model()
        self.change_the_registry()
        for version, contents in (("1.0.0", {"enum": ["C", "K"]}), ("2.0.0", {"enum": ["F"]})):
            self._publish(version, contents)

    def change_the_registry(self) -> None:
        """Make a conflict of two writers that do not know of each other, a bad row, and a row that is deleted."""
        with psycopg.connect(self.environment["REGISTRY_DATABASE_URL"], autocommit=True) as database:
            for model, window, clock in (("m", 9, "berlin"), ("m", 9, "tokyo"), ("bad", -1, "berlin"), ("old", 9, "")):
                metadata = json.dumps({"vector_clock": {clock: 1}} if clock else {})
                database.execute(INSERT_MODEL, [f"{self.name}-{model}", window, metadata])
            database.execute(DELETE_MODELS, [f"{self.name}-old"])

    def is_scraped(self, metric: str) -> bool:
        answer = get(f"{self.environment['PROMETHEUS_URL']}/api/v1/query?{urlencode({'query': metric})}")
        assert answer.status == 200, answer.text
        return bool(json.loads(answer.text)["data"]["result"])

    def _sample(self, *arguments: str) -> None:
        code, _, log = run(["sample", *arguments], self.environment)
        assert code == 0, log

    def _publish(self, version: str, contents: Mapping[str, Any]) -> None:
        file = self.folder / f"{version}.json"
        file.write_text(json.dumps({"schema_id": f"{self.name}-s", "version": version, "json_schema": contents}))
        self._sample("registry", "--schema", str(file))

    def _call_an_unknown_model(self) -> None:
        trace_id, log = f"{self.name}-t", self.log()
        producer = Producer(self.serializer(), self.settings.schema_registry.url, self.topic, trace_id)
        log.send(trace_id.encode(), producer.value(prompt_tokens=1, completion_tokens=1), partition=0)
        log.flush()

    def tear_down(self) -> None:
        with psycopg.connect(self.environment["REGISTRY_DATABASE_URL"], autocommit=True) as database:
            database.execute(DELETE_MODELS, [f"{self.name}-%"])
            database.execute("DELETE FROM schemas WHERE schema_id = %s", [f"{self.name}-s"])
        self.query(CLEAR, name=self.name)
        super().tear_down()


@pytest.fixture(scope="module")
def whole(
    stack_with_cdc: RunningStack,
    stack_with_monitoring: RunningStack,
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Whole]:
    environment = {**stack_with_cdc.environment, **stack_with_monitoring.environment}
    scene = Whole(settings, environment, tmp_path_factory.mktemp("dashboards"), f"dashboards-{uuid4().hex[:8]}", 2)
    scene.set_up()
    yield scene
    scene.tear_down()


@pytest.fixture(scope="module")
def began() -> float:
    return time.time()


@pytest.fixture(scope="module")
def fleet(whole: Whole, began: float) -> Iterator[Program]:
    assert began
    with Program(["fleet", "--replicas", "telemetry=2"], whole.environment, whole.folder / "fleet.log") as fleet:
        fleet.until_logged("replica started", 4)
        whole.send()
        # A rate needs two scrapes with a change between them.
        synced = 'llm_memory_graph_registry_sync_duration_seconds_count{sync_type="model"}'
        until(partial(whole.is_scraped, synced), synced, fleet)
        whole.change_the_registry()
        yield fleet
        assert fleet.stop() == 0


def excused(query: Asked) -> bool:
    """Return whether a query is about a situation that this run cannot make."""
    return any(re.search(rf"\b{metric}\b", query.expression) for metric in CANNOT_BE_MADE)


def chosen(text: str, worker: str, began: float) -> str:
    """Replace the variables as Grafana does, with one worker chosen, or all of them, and everything else of it."""
    values = {
        "$__rate_interval": f"{4 * SCRAPE_SECONDS}s",
        "$__range": "10m",
        "$__from": str(round((began - 86_400) * 1000)),
        "$__to": str(round((time.time() + 86_400) * 1000)),
        'worker="$worker"': f'worker="{worker}"',
    }
    for variable, value in values.items():
        text = text.replace(variable, value)
    return re.sub(r"\$(namespace|workers|pod|partition)\b", ".+", text)


def is_instant(query: Asked) -> bool:
    return any(target["instant"] for target in query.panel.json["targets"] if target["expr"] == query.expression)


def finds(prometheus: str, query: Asked, worker: str, began: float) -> bool:
    """Return whether a query finds a number."""
    asked = {"query": chosen(query.expression, worker, began)}
    if is_instant(query):
        answer = get(f"{prometheus}/api/v1/query?{urlencode(asked)}")
    else:
        over = {"start": began, "end": time.time(), "step": SCRAPE_SECONDS}
        answer = get(f"{prometheus}/api/v1/query_range?{urlencode(asked | over)}")
    assert answer.status == 200, f"{asked}: {answer.text}"
    series = json.loads(answer.text)["data"]["result"]
    values = [value for each in series for _, value in each.get("values") or [each["value"]]]
    return any(math.isfinite(float(value)) for value in values)


def test_every_promql_query_finds_numbers(whole: Whole, fleet: Program, began: float) -> None:
    prometheus = whole.environment["PROMETHEUS_URL"]
    waiting = {query.name: query for query in promql() if not excused(query)}

    def all_found() -> bool:
        for name, query in list(waiting.items()):
            if any(finds(prometheus, query, worker, began) for worker in ("telemetry", "registry", "evolution")):
                del waiting[name]
        return not waiting

    try:
        until(all_found, "numbers for every query", fleet)
    except AssertionError as late:
        raise AssertionError("no numbers:\n" + "\n".join(waiting)) from late


def test_every_excuse_is_still_needed() -> None:
    asked = " ".join(query.expression for query in promql())
    assert [metric for metric in CANNOT_BE_MADE if metric not in asked] == []


@pytest.mark.parametrize("query", list(cypher()), ids=lambda query: query.panel.json["title"])
def test_every_cypher_query_finds_rows_that_the_plugin_can_show(
    query: Asked, whole: Whole, fleet: Program, began: float
) -> None:
    whole.until_caught_up(fleet)
    rows = until(partial(whole.query, chosen(query.expression, "", began)), query.name, fleet)
    for column in rows[0]:
        # The plugin takes a column's type from the first row, and a null in it is a text.
        assert {type(row[column]) for row in rows} == {type(rows[0][column])}, column
        assert rows[0][column] is not None, column


def test_the_costs_are_those_of_the_graph_by_team_and_day(whole: Whole, fleet: Program, began: float) -> None:
    whole.until_caught_up(fleet)
    answers = {query.panel.json["title"]: whole.query(chosen(query.expression, "", began)) for query in cypher()}
    (cost,) = answers["Cost"]
    assert cost["Cost"] > 0
    for title in ("Cost of a day, by model", "Cost of a day, by team"):
        assert sum(row["value"] for row in answers[title]) == pytest.approx(cost["Cost"])
    assert {row["Team"] for row in answers["Teams"]} >= {"search", "support"}
    assert sum(row["Cost"] for row in answers["Teams"]) == pytest.approx(cost["Cost"])


def test_columns_with_units_exist_in_the_answers(whole: Whole, fleet: Program, began: float) -> None:
    whole.until_caught_up(fleet)
    for query in cypher():
        row = whole.query(chosen(query.expression, "", began))[0]
        coloured = {each["matcher"]["options"] for each in query.panel.json["fieldConfig"]["overrides"]}
        assert coloured <= set(row), query.name
