"""``memory-graph graph backup`` and ``graph restore`` on a Neo4j that is really stopped, dumped, loaded and started."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import neo4j
import pytest
from confluent_kafka import Producer

from tests.end_to_end.program import run
from tests.integration.ops.backup.own_servers import OwnServers, own_servers
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_state import topic_state
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import KafkaSettings
from workers.dev.stack.process import is_alive
from workers.pipelines.fleet import load_topology

TOPIC = "calls"
ENDS_WITHIN_SECONDS = 300.0
"""A backup or restore stops and starts Neo4j, which the stack grants three minutes."""
TOPOLOGY = f"""\
topics: {{{TOPIC}: {{partitions: 1, key: trace_id}}}}
workers: {{telemetry: {{topic: {TOPIC}, group: backup}}}}
"""
SENT = 5
AT = f"MATCH (w:Watermark {{id: 'telemetry/{TOPIC}/0'}}) SET w.offset = $offset"


class Operator(NamedTuple):
    """Runs commands on the machine of the servers; ``folder`` is for backups."""

    servers: OwnServers
    folder: Path
    environment: dict[str, str]

    def fails(self, *arguments: str | Path) -> tuple[int, str]:
        """Run a command that must not succeed; return exit code and sentence."""
        code, _, said = self._run(*arguments)
        assert code
        return code, " ".join(said.split())

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        code, shown, said = self._run(*arguments, "-o", "json")
        assert code == 0, said
        document: dict[str, Any] = json.loads(shown)
        return document

    def _run(self, *arguments: str | Path) -> tuple[int, str, str]:
        return run(["graph", *map(str, arguments)], self.environment, within_seconds=ENDS_WITHIN_SECONDS)

    @property
    def stop_and_start(self) -> tuple[str, str, str, str]:
        return "--stop", self.servers.command("stop"), "--start", self.servers.command("start")

    def query(self, cypher: str, **parameters: object) -> list[list[Any]]:
        values = self.servers.environment
        login = (values["NEO4J_USERNAME"], values["NEO4J_PASSWORD"])
        with neo4j.GraphDatabase.driver(values["NEO4J_URI"], auth=login) as driver:
            return [record.values() for record in driver.execute_query(cypher, parameters).records]

    @property
    def graph(self) -> tuple[list[str], int]:
        """Return the models, and the offset of the watermark."""
        models = "MATCH (m:Model) RETURN m.model_id ORDER BY m.model_id"
        ((offset,),) = self.query("MATCH (w:Watermark) RETURN w.offset")
        return [model for (model,) in self.query(models)], offset


@pytest.fixture(scope="module", autouse=True)
def environment_of_the_stack() -> None:
    """Set nothing: these tests have servers of their own."""


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A graph with a model, whose watermark is in the third of five records."""
    folder = tmp_path_factory.mktemp("backup")
    (folder / "topology.yaml").write_text(TOPOLOGY)
    with own_servers(f"test-{os.getpid()}b") as servers:
        kafka = KafkaSettings(bootstrap_servers=servers.environment["KAFKA_BOOTSTRAP_SERVERS"])
        apply_topology(kafka, load_topology(folder / "topology.yaml"), execute=True)
        producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
        for _ in range(SENT):
            producer.produce(TOPIC, b"a call")
        assert producer.flush(30) == 0
        environment = {**servers.environment, "MEMORY_GRAPH_TOPOLOGY": str(folder / "topology.yaml")}
        operator = Operator(servers, folder / "backups", environment)
        known = {"id": f"telemetry/{TOPIC}/0", "topic_id": topic_state(Admin(kafka), TOPIC).id}
        operator.query("CREATE (w:Watermark) SET w = $known, w.offset = 2, w.epoch = 0", known=known)
        operator.query("CREATE (:Model {model_id: 'kept'})")
        yield operator


@pytest.fixture(scope="module")
def manifest(operator: Operator) -> Path:
    """Take a backup, then let the graph go on."""
    assert operator.fails("backup", operator.folder)[0] == 1
    process = operator.servers.neo4j
    made = operator.json("backup", operator.folder, *operator.stop_and_start)
    assert not is_alive(process), "it was stopped"
    (mark,) = made["graph"]["marks"]
    assert (mark["topic"], mark["partition"], mark["offset"]) == (TOPIC, 0, 2)
    assert operator.graph == (["kept"], 2), "it runs again"
    operator.query(AT, offset=4)
    operator.query("CREATE (:Model {model_id: 'later'})")
    return Path(made["manifest"])


@pytest.fixture
def copied(manifest: Path, tmp_path: Path) -> Path:
    """Return a copy's manifest."""
    return Path(shutil.copytree(manifest.parent, tmp_path / "copied")) / manifest.name


def test_a_backup_of_a_server_that_runs_says_how_and_notes_its_watermarks(operator: Operator, tmp_path: Path) -> None:
    code, said = operator.fails("backup", tmp_path)
    assert (code, "can be dumped and loaded only while it is stopped" in said) == (1, True), said
    assert json.loads((tmp_path / "noted.json").read_bytes())["marks"]
    assert is_alive(operator.servers.neo4j)


def test_without_execute_it_says_what_is_read_again_and_changes_nothing(operator: Operator, manifest: Path) -> None:
    plan = operator.json("restore", manifest.parent)
    assert (plan["loaded"], plan["unchanged"], plan["manifest"]) == (False, None, str(manifest))
    assert [(each["again"], each["gone"], each["recreated"]) for each in plan["read_again"]] == [(2, 0, False)]
    assert operator.graph == (["kept", "later"], 4)


def test_what_is_no_manifest_or_of_another_database_is_refused(operator: Operator, copied: Path) -> None:
    text = copied.read_text()
    copied.write_text(text.replace('"database": "neo4j"', '"database": "other"'))
    assert operator.fails("restore", copied, "--execute", *operator.stop_and_start) == (
        2,
        "memory-graph: the backup is of the database 'other': set NEO4J_DATABASE to it",
    )
    copied.write_text(text[:100])
    code, said = operator.fails("restore", copied, "--execute", *operator.stop_and_start)
    assert (code, "is no manifest of a backup" in said) == (2, True), said
    assert is_alive(operator.servers.neo4j)


def test_a_dump_that_was_changed_is_not_loaded_and_the_server_runs_on(operator: Operator, copied: Path) -> None:
    dump = next(copied.parent.glob("*.dump"))
    changed = bytearray(dump.read_bytes())
    changed[len(changed) // 2] ^= 1
    dump.write_bytes(changed)
    process = operator.servers.neo4j
    code, said = operator.fails("restore", copied, "--execute", *operator.stop_and_start)
    assert (code, "its SHA-256 differs" in said) == (1, True), said
    assert is_alive(process)
    assert operator.graph == (["kept", "later"], 4)


def test_a_restore_loads_it_starts_the_server_and_compares(operator: Operator, manifest: Path) -> None:
    code, said = operator.fails("restore", manifest, "--execute")
    assert (code, "only while it is stopped" in said) == (1, True), said
    done = operator.json("restore", manifest, "--execute", *operator.stop_and_start)
    assert (done["loaded"], done["unchanged"], done["partitions"]) == (True, 1, 1)
    assert operator.graph == (["kept"], 2)
    assert operator.json("restore", manifest, "--check")["unchanged"] == 1
    operator.query(AT, offset=1)
    code, said = operator.fails("restore", manifest, "--check")
    assert (code, f"telemetry/{TOPIC}/0 is at offset 1, before offset 2 of the backup" in said) == (1, True), said
