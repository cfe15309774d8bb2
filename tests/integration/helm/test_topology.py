"""The chart and topology.yaml agree."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from tests.integration.helm.chart import CHART, ROOT, Helm, Manifests
from workers.adapters.kafka.producer import FLUSH_SECONDS
from workers.config.settings import KafkaSettings
from workers.config.takes_effect import TakesEffect, takes_effect
from workers.config.topology import Topology
from workers.config.topology_faults import block_of
from workers.config.worker_options import AFTER_DRAIN_SECONDS
from workers.engine import app as engine_app
from workers.engine.consumer.thread import LEAVE_SECONDS
from workers.engine.in_force import InForce
from workers.pipelines.fleet import FLEET, load_topology

FILE = ROOT / "topology.yaml"
FULL = "graph-memory-graph"


def topology() -> Topology:
    return load_topology(FILE)


def values() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(CHART / "values.yaml")
    return loaded


def written_as_mounted(folder: Path, manifests: Manifests) -> Path:
    """Write the files that a worker's pod finds under /etc/memory-graph; return the topology's path."""
    pod = manifests.of("Deployment")[f"{FULL}-telemetry"]["spec"]["template"]["spec"]
    source = next(each["configMap"] for each in pod["volumes"] if each["name"] == "topology")
    data = manifests.of("ConfigMap")[source["name"]]["data"]
    for item in source["items"]:
        path = folder / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data[item["key"]])
    return folder / "topology.yaml"


def test_the_file_and_the_schemas_are_mounted_byte_for_byte(
    manifests: Callable[..., Manifests], tmp_path: Path
) -> None:
    mounted = written_as_mounted(tmp_path, manifests())
    assert mounted.read_bytes() == FILE.read_bytes()
    schemas = [each.relative_to(ROOT) for each in (ROOT / "schemas/avro").rglob("*.avsc")]
    assert {each: (tmp_path / each).read_bytes() for each in schemas} == {
        each: (ROOT / each).read_bytes() for each in schemas
    }
    assert load_topology(mounted).schemas_folder == tmp_path / "schemas/avro"


def test_the_migration_has_the_same_files(manifests: Callable[..., Manifests]) -> None:
    maps = manifests().of("ConfigMap")
    assert maps[f"{FULL}-topology-migration"]["data"] == maps[f"{FULL}-topology"]["data"]


def test_there_is_a_deployment_for_each_worker(manifests: Callable[..., Manifests]) -> None:
    assert set(values()["workers"]) == set(topology().workers) == set(FLEET)
    deployed = manifests().of("Deployment")
    assert {
        name: deployed[f"{FULL}-{name}"]["spec"]["template"]["spec"]["containers"][0]["args"] for name in FLEET
    } == {name: ["worker", name] for name in FLEET}
    assert len(deployed) == len(FLEET)


def test_a_pod_has_time_for_its_drain_and_all_that_follows(manifests: Callable[..., Manifests]) -> None:
    """preStop, then the drain, the commit, leaving the group, the thread's end, and both producers' last records.

    ``memory-graph fleet`` gives a replica the same time, without preStop.
    """
    after = engine_app.COMMIT_SECONDS + 2 * LEAVE_SECONDS + 2 * FLUSH_SECONDS
    for name, worker in topology().workers.items():
        pod = manifests().of("Deployment")[f"{FULL}-{name}"]["spec"]["template"]["spec"]
        stop = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] == stop + worker.drain.grace_seconds + AFTER_DRAIN_SECONDS
    assert after <= AFTER_DRAIN_SECONDS


def with_topology(helm: Helm, folder: Path, change: Callable[[dict[str, Any]], None], *arguments: str) -> Manifests:
    """Render with a topology that was changed, as an operator who tunes it."""
    document = YAML(typ="safe").load(FILE)
    change(document)
    path = folder / "topology.yaml"
    folder.mkdir(exist_ok=True)
    with path.open("w") as file:
        YAML(typ="safe").dump(document, file)
    return helm.template("default", "--set-file", f"topology={path}", *arguments)


def test_the_grace_follows_the_operators_own_topology(helm: Helm, tmp_path: Path) -> None:
    def drain_longer(document: dict[str, Any]) -> None:
        document["workers"]["registry"]["drain"] = {"grace_seconds": 120}

    deployed = with_topology(helm, tmp_path, drain_longer).of("Deployment")
    grace = {
        name: deployed[f"{FULL}-{name}"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] for name in FLEET
    }
    assert grace == {"telemetry": 100, "registry": 190, "evolution": 100, "audit": 100}


def checksums(made: Manifests) -> dict[str, str]:
    pods = {name: each["spec"]["template"] for name, each in made.of("Deployment").items()}
    return {
        name.rpartition("-")[2]: each["metadata"]["annotations"]["checksum/topology"] for name, each in pods.items()
    }


def marked(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], TakesEffect]]:
    """Return each key of a worker's entry, with the mark that says when a change of it takes effect."""
    for name, field in model.model_fields.items():
        inner = block_of(field.annotation)
        if inner is None:
            yield (*above, name), takes_effect(field)
        else:
            yield from marked(inner, (*above, name))


def replaced(
    helm: Helm, folder: Path, keys: list[tuple[str, ...]], worker: str = "registry", *, mode: str = "live"
) -> set[str]:
    """Return the workers whose pods are replaced when these keys of a worker's entry change."""

    def change(document: dict[str, Any]) -> None:
        for *blocks, key in keys:
            entry = document["workers"][worker]
            for block in blocks:
                entry = entry.setdefault(block, {})
            entry[key] = "audit-events" if key == "topic" else 77

    mode_ = ("--set", f"onTopologyChange={mode}")
    before = checksums(with_topology(helm, folder / "before", lambda _: None, *mode_))
    after = checksums(with_topology(helm, folder / "-".join(("after", *keys[0])), change, *mode_))
    return {name for name in FLEET if before[name] != after[name]}


KEYS = dict(marked(FLEET["registry"].options))
RESTARTS = [
    (name, key)
    for name in ("registry", "audit")
    for key, mark in marked(FLEET[name].options)
    if mark is TakesEffect.RESTART and (name == "registry" or key not in KEYS)
]
"""Each key that counts after a restart, with the worker that has it."""


def test_keys_that_workers_take_over_live_replace_no_pod(helm: Helm, tmp_path: Path) -> None:
    live = [key for key, mark in KEYS.items() if mark is TakesEffect.LIVE]
    assert ("writers",) in live
    assert replaced(helm, tmp_path, live) == set()
    assert replaced(helm, tmp_path, live, mode="restart") == set(FLEET)


@pytest.mark.parametrize(
    ("worker", "key"), RESTARTS, ids=lambda part: part if isinstance(part, str) else ".".join(part)
)
def test_a_key_that_counts_after_a_restart_replaces_the_pods_of_its_worker(
    helm: Helm, tmp_path: Path, worker: str, key: tuple[str, ...]
) -> None:
    assert replaced(helm, tmp_path, [key], worker) == {worker}


def test_a_new_worker_needs_only_its_entries(helm: Helm, tmp_path: Path) -> None:
    def add(document: dict[str, Any]) -> None:
        document["topics"]["feedback-events"] = {"partitions": 6, "key": "trace_id"}
        document["workers"]["feedback"] = {"topic": "feedback-events", "group": "memory-graph-feedback"}

    entry = "workers.feedback.enabled=true,workers.feedback.replicas=6,workers.feedback.autoscaling.keda.enabled=true"
    strimzi = "strimzi.topics.enabled=true,strimzi.users.enabled=true,kafka.securityProtocol=SASL_SSL"
    made = with_topology(helm, tmp_path, add, "--set", entry, "--set", strimzi)
    named = {(each["kind"], each["metadata"]["name"]) for each in made.objects}
    assert named >= {
        ("Deployment", f"{FULL}-feedback"),
        ("PodDisruptionBudget", f"{FULL}-feedback"),
        ("ScaledObject", f"{FULL}-feedback"),
        ("KafkaUser", f"{FULL}-feedback"),
        ("KafkaTopic", "feedback-events"),
        ("KafkaTopic", "feedback-events.dlq"),
        ("KafkaTopic", "memory-graph-feedback-cache-changelog"),
    }
    trigger = made.of("ScaledObject")[f"{FULL}-feedback"]["spec"]["triggers"][0]["metadata"]
    assert (trigger["topic"], trigger["consumerGroup"]) == ("feedback-events", "memory-graph-feedback")


def test_an_absolute_folder_of_schemas_is_that_of_the_image(helm: Helm, tmp_path: Path) -> None:
    made = with_topology(helm, tmp_path, lambda document: document.update(schemas="/app/schemas/avro"))
    assert list(made.of("ConfigMap")[f"{FULL}-topology"]["data"]) == ["topology.yaml"]


def test_topics_of_strimzi_are_those_of_the_command_line(manifests: Callable[..., Manifests]) -> None:
    """`memory-graph topology apply` and Strimzi make the same topics."""
    made = {each["spec"]["topicName"]: each["spec"] for each in manifests("strimzi-scram").of("KafkaTopic").values()}
    wanted = topology().all_topics
    assert {name: (made[name]["partitions"], texts(made[name]["config"])) for name in wanted} == {
        name: (spec.partitions, spec.kafka_config) for name, spec in wanted.items()
    }
    assert {each["replicas"] for each in made.values()} == {topology().replication_factor}
    others = {f"{topic}.dlq.replays" for topic in topology().topics}
    changelogs = {f"{worker.group}-cache-changelog": worker.topic for worker in topology().workers.values()}
    assert made.keys() - wanted.keys() == others | changelogs.keys()
    assert {name: made[name]["partitions"] for name in changelogs} == {
        name: topology().topics[topic].partitions for name, topic in changelogs.items()
    }


def texts(config: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in config.items()}


def test_the_changelog_has_the_name_that_the_engine_asks_for() -> None:
    worker = topology().workers["telemetry"]
    in_force = InForce(worker, FLEET["telemetry"].build(worker, has_api=False))
    built = engine_app.build_app(KafkaSettings(), in_force, 1, Path("/nowhere"))
    assert engine_app.state_table(built, 12).changelog_topic_name == f"{worker.group}-cache-changelog"
