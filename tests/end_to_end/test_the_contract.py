"""An external program that uses only the command line, Kafka, Avro, HTTP and Cypher. No code of ours."""

import shlex
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import neo4j
import pytest
from confluent_kafka import Consumer, TopicPartition
from typer.testing import CliRunner

from tests.end_to_end.contract_scenario import (
    FOLLOWED_BY,
    INVOCATIONS,
    METRIC_6,
    METRIC_11,
    MODEL,
    RELATIONSHIPS,
    SECRET,
    records,
)
from tests.end_to_end.outsider import SCHEMAS, Log, Serializer
from tests.end_to_end.program import Page, Program, get, run, until
from workers.cli.main import app
from workers.dev.stack.running import RunningStack

ROOT = Path(__file__).parents[2]
TOPIC, GROUP, PARTITIONS = "llm-telemetry-events", "memory-graph-telemetry", 12
MINE = "MATCH (n) WHERE (n.trace_id STARTS WITH $name OR n.id STARTS WITH $name)"


class Run(NamedTuple):
    """The observations while two workers ran, and after."""

    name: str
    environment: Mapping[str, str]
    pages: list[dict[str, Page]]
    exit_codes: list[int]
    lag: int


@pytest.fixture(scope="module")
def environment(stack: RunningStack) -> dict[str, str]:
    """Start the stack by its name, possibly again; return its settings."""
    known = {**stack.environment, "MEMORY_GRAPH_TOPOLOGY": str(ROOT / "topology.yaml")}
    assert run(["stack", "up", "--name", stack.name], known, ROOT)[0] == 0
    code, lines, _ = run(["stack", "env", "--name", stack.name], known, ROOT)
    assert code == 0
    exported = (shlex.split(line) for line in lines.splitlines())
    return known | dict(words[1].split("=", 1) for words in exported if words[0] == "export")


@pytest.fixture(scope="module")
def ran(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    name, folder = f"contract-{uuid4().hex[:8]}", tmp_path_factory.mktemp("contract")
    assert run(["topology", "apply", "--execute"], environment, ROOT)[0] == 0
    assert run(["graph", "migrate"], environment, ROOT)[0] == 0
    serialize = Serializer(environment["SCHEMA_REGISTRY_URL"], TOPIC, SCHEMAS / "telemetry")
    log = Log(environment["KAFKA_BOOTSTRAP_SERVERS"], TOPIC)
    with (
        Program(["worker", "telemetry"], environment, folder / "one.log", cwd=ROOT) as one,
        Program(["worker", "telemetry"], environment, folder / "two.log", cwd=ROOT) as two,
    ):
        for record_name, fields in records(name):
            log.send((fields["trace_id"] or MODEL).encode(), serialize(record_name, fields))
        log.flush()
        addresses = [program.until_ready() for program in (one, two)]
        until(lambda: lag(environment) == 0, "lag zero", one, two)
        for program in (one, two):
            program.until_ready()  # the first one shared its partitions with the second meanwhile
        pages = [{path: get(address + path) for path in ("/metrics", "/healthz", "/readyz")} for address in addresses]
        exit_codes = [program.stop() for program in (one, two)]
    yield Run(name, environment, pages, exit_codes, lag(environment))
    ask(environment, f"{MINE} DETACH DELETE n", name)


def lag(environment: Mapping[str, str]) -> int:
    """Return the lag by the group's committed offsets."""
    consumer = Consumer(
        {"bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"], "group.id": GROUP, "enable.auto.commit": False}
    )
    try:
        behind = 0
        for committed in consumer.committed(
            [TopicPartition(TOPIC, number) for number in range(PARTITIONS)], timeout=10
        ):
            first, end = consumer.get_watermark_offsets(committed, timeout=10)
            behind += end - max(first, committed.offset)
        return behind
    finally:
        consumer.close()


def ask(environment: Mapping[str, str], cypher: str, name: str) -> list[dict[str, Any]]:
    auth = (environment["NEO4J_USERNAME"], environment["NEO4J_PASSWORD"])
    with neo4j.GraphDatabase.driver(environment["NEO4J_URI"], auth=auth) as driver:
        found = driver.execute_query(cypher, {"name": name}, database_=environment["NEO4J_DATABASE"])
    return [record.data() for record in found.records]


def nodes(ran: Run, label: str, key: str) -> dict[str, dict[str, Any]]:
    """Return properties by key without the run's name; times in epoch milliseconds."""
    rows = ask(ran.environment, f"{MINE} AND n:{label} RETURN n.{key} AS key, properties(n) AS properties", ran.name)
    return {short(ran, row["key"]): {each: plain(value) for each, value in row["properties"].items()} for row in rows}


def plain(value: Any) -> Any:
    return int(value.to_native().timestamp() * 1000) if isinstance(value, neo4j.time.DateTime) else value


def short(ran: Run, text: str) -> str:
    return text.removeprefix(f"{ran.name}-")


def test_every_span_is_one_invocation_folded_as_the_contract_says(ran: Run) -> None:
    found = nodes(ran, "Invocation", "key")

    assert found.keys() == INVOCATIONS.keys()
    for key, promised in INVOCATIONS.items():
        assert {name: found[key].get(name) for name in promised} == promised | {"id": f"{ran.name}-{promised['id']}"}
        assert (found[key]["model_id"], found[key]["provider"]) == (MODEL, "openai")
        assert f"{found[key]['trace_id']}/{found[key]['span_id']}" == found[key]["key"] == f"{ran.name}-{key}"


def test_cost_is_a_float_and_the_same_as_a_decimal_of_eight_places_or_more(ran: Run) -> None:
    root = nodes(ran, "Invocation", "key")["a/root"]

    assert float(root["cost_usd_exact"]) == root["cost_usd"] > 0
    assert int(Decimal(root["cost_usd_exact"]).as_tuple().exponent) <= -8


def test_every_relationship_is_there_and_no_other(ran: Run) -> None:
    cypher = (
        f"{MINE} MATCH (n)-[r]-() WITH DISTINCT r, startNode(r) AS one, endNode(r) AS other "
        "RETURN coalesce(one.key, one.id, one.model_id) AS from, type(r) AS type, "
        "coalesce(other.key, other.id, other.model_id) AS to, r.duration_ms AS duration_ms"
    )
    rows = ask(ran.environment, cypher, ran.name)
    found = [((short(ran, row["from"]), row["type"], short(ran, row["to"])), row["duration_ms"]) for row in rows]

    assert sorted(related for related, _ in found) == sorted(RELATIONSHIPS)
    assert {related: duration for related, duration in found if duration is not None} == FOLLOWED_BY


def test_metrics_and_errors_carry_what_their_events_say(ran: Run) -> None:
    metrics, errors = nodes(ran, "PerformanceMetric", "id"), nodes(ran, "Error", "id")

    assert metrics.keys() == {"6", "11"}
    assert metrics["6"].items() >= METRIC_6.items()
    assert metrics["11"].items() >= METRIC_11.items()
    assert errors.keys() == {"e1", "e2", "e3"}
    assert {errors[key]["error_type"] for key in errors} == {"overloaded_error", "timeout"}
    assert all(
        (error["severity"], error["message"]) == ("high", "The provider is overloaded.") for error in errors.values()
    )


def test_a_model_that_only_telemetry_knows_is_a_stub(ran: Run) -> None:
    (model,) = ask(ran.environment, f"MATCH (m:Model {{model_id: '{MODEL}'}}) RETURN m.stub AS stub", ran.name)

    assert model == {"stub": True}


def test_no_text_of_a_prompt_or_completion_is_in_the_graph(ran: Run) -> None:
    rows = ask(ran.environment, f"{MINE} RETURN properties(n) AS properties", ran.name)

    assert rows
    assert not [row for row in rows if SECRET in str(row)]


def test_workers_answered_for_themselves_while_they_ran(ran: Run) -> None:
    for pages in ran.pages:
        assert {path: page for path, page in pages.items() if page.status != 200} == {}
    received = 'llm_memory_graph_events_received_total{event_type="llm.invocation.start",source="observatory"}'
    assert any(received in pages["/metrics"].text for pages in ran.pages)


def test_workers_drain_at_sigterm_and_leave_no_lag(ran: Run) -> None:
    assert (ran.exit_codes, ran.lag) == ([0, 0], 0)


def test_the_doctor_is_content(ran: Run) -> None:
    code, said, errors = run(["doctor"], ran.environment, ROOT)

    assert code == 0, said + errors


def test_wrong_usage_exits_2_and_says_how_it_is_right(environment: dict[str, str]) -> None:
    assert run(["worker"], environment, ROOT)[0] == 2
    assert run(["worker", "telemetry", "--fast"], environment, ROOT)[0] == 2
    code, _, said = run(["worker", "nobody"], environment, ROOT)
    assert (code, "telemetry" in said) == (2, True)
    code, _, said = run(["worker", "telemetry"], environment | {"METRICS_PORT": "often"}, ROOT)
    assert (code, "METRICS_PORT" in said) == (2, True)


@pytest.mark.parametrize(
    ("variable", "nowhere", "command"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9", ["worker", "telemetry"]),
        ("NEO4J_URI", "bolt://127.0.0.1:9", ["worker", "telemetry"]),
        ("NEO4J_URI", "bolt://127.0.0.1:9", ["graph", "migrate"]),
        ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9", ["doctor"]),
    ],
)
def test_a_server_out_of_reach_exits_3_and_says_which(
    environment: dict[str, str], variable: str, nowhere: str, command: list[str]
) -> None:
    started = time.monotonic()

    code, said, errors = run(command, environment | {variable: nowhere}, ROOT)

    assert code == 3
    assert nowhere in said + errors or variable in said + errors
    assert [line for line in errors.splitlines() if line.startswith("memory-graph: ")]
    assert "Traceback" not in errors
    assert time.monotonic() - started < 30


def test_every_command_of_the_contract_has_help_with_an_example() -> None:
    commands = [
        *(f"stack {each}" for each in ("up", "down", "status", "env", "logs", "reset")),
        *(f"topology {each}" for each in ("check", "show", "schema", "apply")),
        *("worker", "fleet", "graph migrate", "sample telemetry", "doctor"),
    ]
    for command in commands:
        answer = CliRunner().invoke(app, [*command.split(), "--help"])
        assert answer.exit_code == 0
        assert f"memory-graph {command}" in " ".join(answer.output.split()).partition("Example: ")[2]
