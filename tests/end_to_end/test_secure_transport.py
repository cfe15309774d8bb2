"""Workers over SASL_SSL with ACLs, bolt+s and a schema registry with TLS and login; Debezium from a database with TLS.

And what can be wrong there.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.conftest import HOME
from tests.end_to_end.program import Program, get, run, until
from tests.end_to_end.rotation import reads_files, rotate
from tests.end_to_end.secure_scene import USER, SecureScene
from workers.dev.stack.running import RunningStack
from workers.dev.stack.state import load_state
from workers.dev.stack.tls.certificates import Certificate
from workers.dev.stack.tls.files import as_user

ALLOW = "`memory-graph topology acls --execute`"
RUNNING = "llm_memory_graph_registry_change_capture_running 1.0\n"
UNKNOWN = "its certificate is of an authority that this client does not know"


@pytest.fixture(scope="module")
def scene(secure_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> SecureScene:
    folder = tmp_path_factory.mktemp("secure")
    scene = SecureScene(secure_stack.name, secure_stack.environment, folder, f"secure-{uuid4().hex[:8]}")
    scene.set_up()
    return scene


@pytest.mark.parametrize("login", ["scram", "certificate"])
def test_a_worker_with_the_least_rights_folds_records_and_sends_dead_letters_over_tls(
    scene: SecureScene, login: str
) -> None:
    letters = scene.letters()
    trace = scene.send()
    scene.send(good=False)

    with scene.start(f"{login}.log", scene.worker if login == "scram" else scene.mutual) as worker:
        until(lambda: trace in scene.traces(), f"{trace} in the graph", worker)
        until(lambda: scene.letters() == letters + 2, "two dead letters", worker)
        assert worker.stop() == 0

    assert not worker.events("Kafka does not let this user read")


def test_an_operator_with_the_least_rights_lists_replays_and_purges_dead_letters(scene: SecureScene) -> None:
    operator = as_user(scene.environment, scene.tls, "memory-graph-operator")
    waiting = scene.letters()
    with scene.start("operator.log", scene.worker) as worker:
        scene.send(good=False)
        until(lambda: scene.letters() == waiting + 2, "two dead letters", worker)
        assert worker.stop() == 0
    act = ["--topic", scene.topic, "--execute", "--why", "trial"]

    for command in (
        ["dlq", "list", "--topic", scene.topic],
        ["dlq", "replay", *act, "--even-failing"],
        ["dlq", "purge", *act],
    ):
        code, said, complaint = run(command, operator)
        assert code == 0, said + complaint
    _, said, _ = run(["doctor"], operator)

    assert "does not let" not in said
    assert "not allowed" not in said


def complaint(scene: SecureScene, environment: Mapping[str, str]) -> str:
    """Start a worker that must be refused; return the one line that it says."""
    code, _, said = run(["worker", "telemetry"], environment)
    lines = [line for line in said.strip().splitlines() if not line.startswith("{")]
    assert code == 2, said
    assert len(lines) == 1, said
    return lines[0]


class Fault(NamedTuple):
    """Settings that are changed, what the line names as server, the cause, and the fix."""

    changed: Mapping[str, str]
    server: str
    cause: str
    fix: str


FAULTS = {
    "the wrong password of Kafka": Fault(
        {"KAFKA_PASSWORD": "wrong"}, "KAFKA_BOOTSTRAP_SERVERS", f"does not accept user '{USER}'", "KAFKA_PASSWORD"
    ),
    "a foreign authority of Kafka": Fault(
        {"KAFKA_SSL_CAFILE": "FOREIGN"},
        "KAFKA_BOOTSTRAP_SERVERS",
        "an authority that this client does not know",
        "KAFKA_SSL_CAFILE",
    ),
    "another name of Kafka": Fault(
        {"KAFKA_BOOTSTRAP_SERVERS": "LOCALHOST"},
        "KAFKA_BOOTSTRAP_SERVERS",
        "for another name",
        "KAFKA_BOOTSTRAP_SERVERS",
    ),
    "the wrong password of Neo4j": Fault(
        {"NEO4J_PASSWORD": "wrong"}, "NEO4J_URI", "does not accept user 'neo4j'", "NEO4J_PASSWORD"
    ),
    "a foreign authority of Neo4j": Fault(
        {"NEO4J_CAFILE": "FOREIGN"}, "NEO4J_URI", "an authority that this client does not know", "NEO4J_CAFILE"
    ),
    "another name of Neo4j": Fault({"NEO4J_URI": "LOCALHOST"}, "NEO4J_URI", "for another name", "NEO4J_URI"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_worker_that_cannot_be_let_in_says_server_cause_and_fix_in_one_line(
    scene: SecureScene, tmp_path: Path, what: str
) -> None:
    fault = FAULTS[what]
    (tmp_path / "foreign.pem").write_text(Certificate.authority("foreign").certificate_pem)
    environment = dict(scene.worker)
    for variable, value in fault.changed.items():
        there = environment.get(variable, "")
        places = {"FOREIGN": str(tmp_path / "foreign.pem"), "LOCALHOST": there.replace("127.0.0.1", "localhost")}
        environment[variable] = places.get(value, value)
        if variable == "KAFKA_PASSWORD":
            del environment["KAFKA_PASSWORD_FILE"]

    said = complaint(scene, environment)

    assert environment[fault.server] in said
    assert fault.cause in said
    assert fault.fix in said


def test_a_client_whose_certificate_has_expired_is_refused_in_one_line(scene: SecureScene, tmp_path: Path) -> None:
    scene.tls.signer().sign(USER, days=-1).write(tmp_path / "tls.crt", tmp_path / "tls.key")
    expired = {"KAFKA_SSL_CERTFILE": str(tmp_path / "tls.crt"), "KAFKA_SSL_KEYFILE": str(tmp_path / "tls.key")}

    said = complaint(scene, {**scene.mutual, **expired})

    assert scene.mutual["KAFKA_BOOTSTRAP_SERVERS"] in said
    assert "certificate" in said


RULES = {
    "topic": ("TOPIC", "{topic}", "READ"),
    "dead-letter topic": ("TOPIC", "{topic}.dlq", "WRITE"),
    "group": ("GROUP", "{group}", "READ"),
}


@pytest.mark.parametrize("missing", RULES)
def test_a_worker_without_a_rule_is_refused_at_its_start_in_one_line(scene: SecureScene, missing: str) -> None:
    resource, pattern, operation = RULES[missing]
    name = pattern.format(topic=scene.topic, group=scene.group)
    scene.forbid(resource, name, operation)
    try:
        said = complaint(scene, scene.worker)
    finally:
        scene.allow()

    assert said.endswith(
        f"Kafka at {scene.worker['KAFKA_BOOTSTRAP_SERVERS']} does not let user '{USER}' use {resource} {name} "
        f"({operation}): allow it with {ALLOW}"
    )


@pytest.fixture(scope="module")
def running(scene: SecureScene) -> Iterator[Program]:
    with scene.start("running.log", scene.worker) as worker:
        worker.until_ready()
        yield worker


@pytest.mark.parametrize("missing", RULES)
def test_a_running_worker_holds_unready_until_the_rule_is_back(
    scene: SecureScene, running: Program, missing: str
) -> None:
    address = running.until_ready()
    resource, pattern, operation = RULES[missing]
    name = pattern.format(topic=scene.topic, group=scene.group)
    letters = scene.letters()

    scene.forbid(resource, name, operation)
    scene.send(good=False)
    trace = scene.send()
    page = until(lambda: _unready(address), "not ready", running)
    scene.allow()

    assert f"does not let user '{USER}'" in page
    assert name in page
    until(lambda: trace in scene.traces(), f"{trace} in the graph", running)
    until(lambda: scene.letters() >= letters + 2, "two dead letters", running)  # one may be there twice
    running.until_ready()


def _unready(address: str) -> str | None:
    page = get(f"{address}/readyz")
    return page.text if page.status == 503 and "does not let" in page.text else None


def test_a_row_that_is_written_over_tls_reaches_the_graph_through_debezium(scene: SecureScene) -> None:
    model = f"{scene.name}-registered"
    scene.register(model)

    with scene.start("registry.log", scene.registry, "registry") as worker:
        until(lambda: scene.registered() == [model], f"{model} in the graph", worker)
        address = worker.until_ready()
        until(lambda: RUNNING in get(f"{address}/metrics").text, "an answer of Kafka Connect", worker)
        assert worker.stop() == 0

    assert not worker.events("Kafka does not let this user read")


def test_the_database_speaks_tls_1_3_and_nothing_less(scene: SecureScene) -> None:
    address = scene.environment["REGISTRY_DATABASE_URL"]

    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(address, sslmode="disable")
    with pytest.raises(psycopg.OperationalError, match="protocol version"):
        psycopg.connect(address, ssl_max_protocol_version="TLSv1.2")


def test_kafka_connect_says_no_password_to_anybody(scene: SecureScene) -> None:
    folder = HOME / scene.stack / "connect"
    secrets = {
        scene.environment["SCHEMA_REGISTRY_PASSWORD"],
        urlsplit(scene.environment["REGISTRY_DATABASE_URL"]).password,
        (scene.tls.user_folder("memory-graph-connect") / "password").read_text(),
        load_state(HOME, scene.stack).servers["connect"].secrets["key_store"],
    }
    assert scene.environment["KAFKA_CONNECT_URL"].startswith("https://")

    private = {file for file in folder.iterdir() if file.is_file() and file.stat().st_mode & 0o077 == 0}
    public = {file.name: file.read_text() for file in folder.iterdir() if file.is_file() and file not in private}

    assert {"tls.p12", "connect.properties"} <= {file.name for file in private}
    assert "log" in public
    assert not [(name, secret) for name, text in public.items() for secret in secrets if str(secret) in text]


CHECKED = {
    "SCHEMA_REGISTRY_CAFILE": " schema registry: ",
    "VAULT_CACERT": " vault: ",
    "KAFKA_CONNECT_CAFILE": " connector registry: ",
    "REGISTRY_DATABASE_CAFILE": " registry database: ",
}
"""How the doctor's lines about a server are named, by the variable of its authority."""


def test_the_doctor_finds_every_server_at_work_and_names_each_whose_authority_is_foreign(
    scene: SecureScene, tmp_path: Path
) -> None:
    (tmp_path / "foreign.pem").write_text(Certificate.authority("foreign").certificate_pem)
    foreign = {**scene.environment, **dict.fromkeys(CHECKED, str(tmp_path / "foreign.pem"))}
    stranger = {**scene.environment, "SCHEMA_REGISTRY_PASSWORD": "wrong", "REGISTRY_DATABASE_URL": ""}

    known, unknown, refused = (run(["doctor"], each)[1].splitlines() for each in (scene.environment, foreign, stranger))
    code, _, said = run(["sample", "registry", "--count", "1"], foreign)

    assert scene.environment["VAULT_ADDR"].startswith("https://")
    assert [line for line in known if f"{scene.environment['VAULT_ADDR']} accepts the login" in line]
    assert [line for line in known if " connector registry: it runs" in line]
    assert [line for line in known if " replication slot memory_graph: the connector has confirmed" in line]
    for variable, check in CHECKED.items():
        (line,) = [line for line in unknown if check in line and UNKNOWN in line]
        assert f"name the authority that signed it in {variable}" in line
    (line,) = [line for line in refused if CHECKED["SCHEMA_REGISTRY_CAFILE"] in line]
    assert f"the schema registry at {scene.environment['SCHEMA_REGISTRY_URL']}" in line
    assert "does not accept user 'memory-graph'" in line
    assert code == 2, said
    assert said.strip().endswith(f"{UNKNOWN}; name the authority that signed it in REGISTRY_DATABASE_CAFILE")


def test_workers_go_on_after_every_certificate_and_password_has_changed(scene: SecureScene) -> None:
    """It comes last: the stack has other passwords after it."""
    logins = {"scram": reads_files(scene, scene.worker), "certificate": reads_files(scene, scene.mutual)}
    with ExitStack() as running:
        workers = [
            running.enter_context(scene.start(f"rotated-{login}.log", settings)) for login, settings in logins.items()
        ]
        addresses = [worker.until_ready() for worker in workers]
        _until_each_reads_more(scene, addresses, workers)

        rotate(scene)

        _until_each_reads_more(scene, addresses, workers)


def _until_each_reads_more(scene: SecureScene, addresses: list[str], workers: list[Program]) -> None:
    """Send until each worker has something in the graph that it had not before. One may have both partitions first."""
    before = [_in_the_graph(address) for address in addresses]

    def each_has_more() -> bool:
        scene.send()
        time.sleep(1)
        return all(_in_the_graph(address) > count for address, count in zip(addresses, before, strict=True))

    until(each_has_more, "each worker reads", *workers)


def _in_the_graph(address: str) -> float:
    """Return how many events a worker has written."""
    page = get(f"{address}/metrics").text
    return sum(
        map(
            float,
            re.findall(r'^llm_memory_graph_events_processed_total{.*status="success".*} (\S+)$', page, re.MULTILINE),
        )
    )
