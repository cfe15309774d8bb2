"""The KafkaUsers may do what their processes do, and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from ruamel.yaml import YAML

from tests.integration.helm.chart import CHART, ROOT, Manifests
from workers.adapters.kafka.access.acls import worker_acls
from workers.pipelines.fleet import FLEET, load_topology

FULL = "graph-memory-graph"
TOPOLOGY = load_topology(ROOT / "topology.yaml")


def permissions(user: Mapping[str, Any]) -> dict[tuple[str, str], set[str]]:
    acls = user["spec"]["authorization"]["acls"]
    found: dict[tuple[str, str], set[str]] = {}
    for each in acls:
        name = each["resource"]["name"] + ("*" if each["resource"]["patternType"] == "prefix" else "")
        found.setdefault((each["resource"]["type"], name), set()).update(each["operations"])
    return found


def test_values_name_the_topics_that_workers_write() -> None:
    workers = YAML(typ="safe").load(CHART / "values.yaml")["workers"]
    assert {name: set(workers[name].get("writes", [])) for name in FLEET} == {
        name: set(FLEET[name].publishes(TOPOLOGY.workers[name])) for name in FLEET
    }


def test_a_worker_may_do_what_the_command_line_would_allow(manifests: Callable[..., Manifests]) -> None:
    """A strict broker allows a worker all it does by the rules of `memory-graph topology acls`."""
    users = manifests("strimzi-scram").of("KafkaUser")
    for name, options in TOPOLOGY.workers.items():
        rules = worker_acls(options, FLEET[name].publishes(options))
        wanted = {(each.resource.lower(), each.name): set(each.operations) for each in rules}
        made = permissions(users[f"{FULL}-{name}"])
        assert {resource: rank(may) for resource, may in made.items()} == {
            resource: rank(may) for resource, may in wanted.items()
        }


def rank(operations: set[str]) -> set[str]:
    """Return operations in one spelling, without the one that reading and writing include."""
    spelled = {each.upper().replace("_", "") for each in operations}
    return spelled - {"DESCRIBE"} if spelled & {"READ", "WRITE", "DELETE", "ALTER"} else spelled


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
