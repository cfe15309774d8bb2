"""The KafkaUsers may do what their processes do, and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from ruamel.yaml import YAML

from tests.integration.helm.chart import CHART, ROOT, Manifests
from workers.pipelines.evolution.records import CONFIRMATIONS, NOTIFICATIONS
from workers.pipelines.fleet import FLEET, load_topology

FULL = "graph-memory-graph"
TOPOLOGY = load_topology(ROOT / "topology.yaml")
OF_JOBS: Mapping[str, set[str]] = {
    "telemetry": set(),
    "registry": {TOPOLOGY.workers["registry"].model_dump()["usage"]["topic"]},
    "evolution": {NOTIFICATIONS, CONFIRMATIONS},
}


def permissions(user: Mapping[str, Any]) -> dict[tuple[str, str], set[str]]:
    acls = user["spec"]["authorization"]["acls"]
    found: dict[tuple[str, str], set[str]] = {}
    for each in acls:
        name = each["resource"]["name"] + ("*" if each["resource"]["patternType"] == "prefix" else "")
        found.setdefault((each["resource"]["type"], name), set()).update(each["operations"])
    return found


def test_values_name_the_topics_that_workers_write() -> None:
    workers = YAML(typ="safe").load(CHART / "values.yaml")["workers"]
    own = {name: {TOPOLOGY.workers[name].topic} if FLEET[name].writes_own_topic else set() for name in FLEET}
    assert {name: set(workers[name].get("writes", [])) for name in FLEET} == {
        name: OF_JOBS[name] | own[name] for name in FLEET
    }


def test_a_worker_reads_its_topic_and_writes_its_dead_letters(manifests: Callable[..., Manifests]) -> None:
    users = manifests("strimzi-scram").of("KafkaUser")
    assert permissions(users[f"{FULL}-telemetry"]) == {
        ("topic", "llm-telemetry-events"): {"Read", "Describe"},
        ("topic", "llm-telemetry-events.dlq"): {"Read", "Write", "Describe", "DescribeConfigs"},
        ("topic", "llm-telemetry-events.dlq.replays"): {"Read", "Describe", "DescribeConfigs"},
        ("topic", "memory-graph-telemetry-cache-changelog"): {"Read", "Describe", "Create", "Alter"},
        ("group", "memory-graph-telemetry"): {"Read", "Describe"},
        ("group", "memory-graph-reader"): {"Read", "Describe"},
    }
    assert permissions(users[f"{FULL}-evolution"])["topic", "schema-migrations"] == {"Read", "Write", "Describe"}


def test_only_operators_have_transactions_and_delete_dead_letters(manifests: Callable[..., Manifests]) -> None:
    users = {name: permissions(user) for name, user in manifests("strimzi-scram").of("KafkaUser").items()}
    assert users.keys() == {f"{FULL}-{name}" for name in (*FLEET, "operator")}
    operator = users.pop(f"{FULL}-operator")
    assert operator["transactionalId", "memory-graph-dlq.*"] == {"Write", "Describe"}
    assert {name for (kind, name), may in operator.items() if "Delete" in may} == {
        f"{each}.dlq" for each in TOPOLOGY.topics
    }
    for may in users.values():
        assert {kind for kind, _ in may} == {"topic", "group"}
        assert not any(name.endswith("*") for _, name in may)
        assert not {"Delete", "AlterConfigs", "All"} & set().union(*may.values())
