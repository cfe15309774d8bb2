"""topology.yaml changes under workers that run: taken over without a rebalance, refused whole, compared."""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice

import pytest

from tests.end_to_end.events import INVOCATION, fields_of
from tests.end_to_end.program import Program, get, run, until
from tests.end_to_end.scene import Scene

REFUSED = "topology refused, the version before stays in force"


class Traffic:
    """Calls that are sent one after the other, each as a trace of its own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._log = scene.log()
        self._serialize = scene.serializer()
        self._numbers = count()  # also for two threads
        self.sent: list[str] = []

    def send(self, many: int) -> list[str]:
        """Send so many calls; return their traces."""
        traces = []
        for number in islice(self._numbers, many):
            trace_id = f"{self._scene.name}-{number}"
            ids = {"event_id": f"{trace_id}-e", "model_id": f"{self._scene.name}-m", "trace_id": trace_id}
            value = self._serialize(INVOCATION, fields_of(INVOCATION, **ids, span_id="s"))
            self._log.send(trace_id.encode(), value, partition=number % self._scene.partitions)
            traces.append(trace_id)
        self._log.flush()
        self.sent += traces
        return traces

    def until_in_graph(self, traces: list[str], worker: Program) -> None:
        """Wait for these traces: while others are sent, the lag is seldom zero."""
        cypher = "MATCH (i:Invocation) WHERE i.trace_id IN $traces RETURN count(i) AS arrived"
        until(lambda: self._scene.query(cypher, traces=traces)[0]["arrived"] == len(traces), "all in the graph", worker)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Send all the time."""
        ended = threading.Event()

        def flow() -> None:
            while not ended.wait(0.05):
                self.send(5)

        thread = threading.Thread(target=flow)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def in_graph(self) -> list[str]:
        """Return the trace of each node that the graph has."""
        cypher = "MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN i.trace_id AS trace"
        return [row["trace"] for row in self._scene.query(cypher, name=f"{self._scene.name}-")]


@pytest.fixture(scope="module")
def traffic(scene: Scene) -> Traffic:
    return Traffic(scene)


@pytest.fixture
def good(scene: Scene) -> Iterator[str]:
    """The text of the scene's file, which is written back at the end."""
    text = scene.topology_path.read_text()
    yield text
    scene.topology_path.write_text(text)


def sample(address: str, name: str) -> float | None:
    """Return the value of the first series of a metric whose name and labels begin so."""
    found = re.search(rf"^llm_memory_graph_{re.escape(name)}\S* (\S+)$", get(f"{address}/metrics").text, re.MULTILINE)
    return float(found[1]) if found else None


def options(address: str) -> dict[str, object]:
    page: dict[str, object] = json.loads(get(f"{address}/topology").text)["options"]
    return page


def test_a_worker_under_load_takes_over_what_is_safe_without_a_rebalance(
    scene: Scene, traffic: Traffic, good: str
) -> None:
    file = scene.topology_path
    with scene.start("live.log") as worker, traffic.flowing():
        address = worker.until_ready()
        until(lambda: len(worker.events("partition claimed")) == scene.partitions, "all claimed", worker)
        rebalances = sample(address, "rebalances_total")

        # One row a second: nothing gets through any more, and the wait has a name.
        file.write_text(good + "    throttle: {baseline_rows_per_second: 1, max_rows_per_second: 1}\n")
        (taken,) = worker.until_logged("topology taken over")
        assert "workers.telemetry.throttle.max_rows_per_second: 1000000 → 1" in taken["changes"]
        throttled = re.compile(r'waiting\{partition="\d",reason="throttle"\} 1')
        until(lambda: throttled.search(get(f"{address}/metrics").text), "waits for the throttle", worker)

        # Back again, with smaller batches: what waits does not wait for as long as it was going to.
        file.write_text(
            good.replace("max_rows: 1000", "max_rows: 5").replace("chunk_records: 1000", "chunk_records: 5")
        )
        worker.until_logged("topology taken over", 2)
        traffic.until_in_graph(traffic.send(500), worker)
        assert options(address)["batch"] == {"max_rows": 5, "max_wait_ms": 10}
        small = sample(address, 'batch_records_bucket{le="10.0"') or 0
        assert small > 50

        # A file with faults changes nothing, and records go on.
        file.write_text(good.replace("max_rows: 1000", "max_rows: 0") + "    writers: 0\n")
        (refused,) = worker.until_logged(REFUSED)
        assert [fault.rpartition(": ")[2] for fault in refused["faults"][1:]] == [
            "0 is not positive; use 1 to 100000",
            "0 is not positive; use 1 to 64",
        ]
        assert sample(address, "topology_reload_failed") == 1
        os.kill(worker.pid, signal.SIGHUP)
        worker.until_logged(REFUSED, 2)
        traffic.until_in_graph(traffic.send(50), worker)
        assert options(address)["batch"] == {"max_rows": 5, "max_wait_ms": 10}

        # A good one is taken over, but for what needs a restart.
        file.write_text(good.replace("session_timeout_seconds: 6", "session_timeout_seconds: 7"))
        (named,) = worker.until_logged("these keys of the topology count after a restart: restart the worker")
        assert named["keys"] == ["workers.telemetry.session_timeout_seconds: 6 → 7"]
        assert sample(address, "topology_reload_failed") == 0
        until(lambda: options(address)["batch"] == {"max_rows": 1000, "max_wait_ms": 10}, "the good file", worker)

        assert sample(address, "rebalances_total") == rebalances
        assert len(worker.events("partition claimed")) == scene.partitions
    with scene.start("after.log") as worker:
        scene.until_caught_up(worker)
        assert worker.stop() == 0
    assert sorted(traffic.in_graph()) == sorted(traffic.sent)


def test_a_file_that_changes_every_moment_changes_nothing_in_the_graph(
    scene: Scene, traffic: Traffic, good: str
) -> None:
    versions = [good.replace("max_rows: 1000", f"max_rows: {rows}") for rows in (1, 0, 30)] + ["topics: [", good[:70]]
    with scene.start("flipped.log") as worker, traffic.flowing():
        worker.until_ready()
        for turn in range(30):
            scene.topology_path.write_text(versions[turn % len(versions)])
            os.kill(worker.pid, signal.SIGHUP)
            until(
                lambda: len(worker.events("topology taken over")) + len(worker.events(REFUSED)) > turn,  # noqa: B023 - within this round
                "judged",
                worker,
            )
        assert len(worker.events("partition claimed")) == scene.partitions
        assert worker.stop() == 0
    scene.topology_path.write_text(good)
    with scene.start("flipped-after.log") as worker:
        scene.until_caught_up(worker)
        assert worker.stop() == 0
    assert sorted(traffic.in_graph()) == sorted(traffic.sent)


def test_a_fleet_follows_a_mounted_config_map_and_passes_sighup_on(scene: Scene, good: str) -> None:
    mount = scene.folder / "mount"
    mount.mkdir()

    def publish(version: str, text: str) -> None:
        (mount / version).mkdir()
        (mount / version / "topology.yaml").write_text(text)
        (mount / "..new").symlink_to(version)
        (mount / "..new").rename(mount / "..data")

    publish("..1", good)
    (mount / "topology.yaml").symlink_to("..data/topology.yaml")
    environment = {**scene.environment, "MEMORY_GRAPH_TOPOLOGY": str(mount / "topology.yaml")}
    with Program(["fleet", "--replicas", "telemetry=2"], environment, scene.folder / "mount.log") as fleet:
        fleet.until_logged("worker started", 2)
        publish("..2", good.replace("max_rows: 1000", "max_rows: 6"))
        taken = fleet.until_logged("topology taken over", 2)
        assert {tuple(line["changes"]) for line in taken} == {("workers.telemetry.batch.max_rows: 1000 → 6",)}
        publish("..3", good.replace("max_rows: 1000", "max_rows: 0"))
        fleet.until_logged(REFUSED, 2)
        os.kill(fleet.pid, signal.SIGHUP)
        fleet.until_logged(REFUSED, 4)
        assert fleet.stop() == 0
    assert len(fleet.events("replica started")) == 2


def test_the_difference_between_file_kafka_and_worker_is_shown(scene: Scene, good: str) -> None:
    diff = ["topology", "diff", "-o", "json", "--worker-url"]
    with scene.start("diff.log") as worker:
        address = worker.until_ready()
        code, printed, _ = run([*diff, address], scene.environment)
        assert (code, json.loads(printed)["differences"]) == (0, [])

        elsewhere = scene.folder / "elsewhere.yaml"
        elsewhere.write_text(
            good.replace("max_rows: 1000", "max_rows: 8").replace(
                "key: trace_id", "key: trace_id\n    retention_hours: 2"
            )
        )
        secret = address.replace("http://", "http://me:letmein@")
        code, printed, said = run([*diff, secret, "-f", str(elsewhere)], scene.environment)
        assert code == 1
        assert "letmein" not in printed + said
        found = {
            (row["where"], row["key"]): (row["file"], row["running"]) for row in json.loads(printed)["differences"]
        }
        version = found.pop((f"telemetry at {address}", "version"))
        assert version == (json.loads(printed)["version"], json.loads(get(f"{address}/topology").text)["digest"])
        assert found == {
            ("kafka", f"{scene.topic} retention.ms"): ("7200000", "604800000"),
            (f"telemetry at {address}", "batch.max_rows"): (8, 1000),
        }

        nobody = "http://me:letmein@127.0.0.1:9"
        code, printed, said = run([*diff, address, "--worker-url", nobody, "-f", str(elsewhere)], scene.environment)
        assert (code, len(json.loads(printed)["differences"])) == (3, 3)
        assert "http://127.0.0.1:9 does not answer" in said
        assert "letmein" not in printed + said
        assert worker.stop() == 0
