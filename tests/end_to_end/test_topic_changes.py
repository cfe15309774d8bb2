"""Changes of a topic under running workers: aborted transactions, and more partitions."""

from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import NewPartitions  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.events import INVOCATION, fields_of
from tests.end_to_end.program import Program, get, until
from tests.end_to_end.scene import Scene
from workers.adapters.kafka.admin import Admin


def value_of(scene: Scene, trace: str) -> tuple[bytes, Any]:
    trace_id = f"{scene.name}-{trace}"
    ids = {"event_id": f"{trace_id}-e", "model_id": f"{scene.name}-m", "trace_id": trace_id, "span_id": "s"}
    return trace_id.encode(), scene.serializer()(INVOCATION, fields_of(INVOCATION, **ids))


def traces(scene: Scene) -> list[str]:
    cypher = "MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN i.trace_id AS trace ORDER BY trace"
    return [row["trace"].removeprefix(f"{scene.name}-") for row in scene.query(cypher, name=scene.name)]


def test_records_of_aborted_transactions_are_not_read_and_their_markers_are_no_lag(scenes: Scenes) -> None:
    scene = scenes(1)
    servers = scene.settings.kafka.bootstrap_servers
    producer = Producer({"bootstrap.servers": servers, "transactional.id": scene.name})
    producer.init_transactions()
    for trace, commits in (("1", True), ("aborted", False), ("2", True)):
        producer.begin_transaction()
        key, value = value_of(scene, trace)
        producer.produce(scene.topic, value, key, partition=0)
        producer.flush()
        if commits:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    with scene.start("transactions.log") as worker:
        address = worker.until_ready()
        until(lambda: len(traces(scene)) >= 2, "both committed records", worker)
        no_lag = 'kafka_lag_messages{partition="0"} 0.0'
        until(lambda: no_lag in get(f"{address}/metrics").text, "lag zero", worker)
        assert traces(scene) == ["1", "2"]
        assert worker.stop() == 0


def test_a_topic_that_gets_more_partitions_is_read_in_all_of_them(scenes: Scenes) -> None:
    scene = scenes(1)
    log = scene.log()
    with Program(["fleet"], scene.environment, scene.folder / "fleet.log") as fleet:
        log.send(*value_of(scene, "1"), partition=0)
        log.flush()
        until(lambda: traces(scene) == ["1"], "the first record", fleet)
        admin = Admin(scene.settings.kafka)
        admin.results(admin.client.create_partitions([NewPartitions(scene.topic, 2)]))
        until(lambda: fleet.events("replica ended, starting it again"), "the worker has noticed", fleet)
        scene.log().send(*value_of(scene, "2"), partition=1)
        until(lambda: traces(scene) == ["1", "2"], "the record of the new partition", fleet)
        assert fleet.stop() == 0
