"""The KafkaUsers may do what their processes do, and nothing else."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ruamel.yaml import YAML

from tests.integration.helm.chart import CHART, ROOT, Manifests
from workers.ops.acls import fleet_acls
from workers.pipelines.fleet import FLEET, load_topology

FULL = "graph-memory-graph"
TOPOLOGY = load_topology(ROOT / "topology.yaml")
RESOURCES = {"TOPIC": "topic", "GROUP": "group", "TRANSACTIONAL_ID": "transactionalId"}
"""Kafka's name of a resource, and Strimzi's."""


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


def test_values_name_the_servers_that_workers_use() -> None:
    workers = YAML(typ="safe").load(CHART / "values.yaml")["workers"]
    named = {
        name: {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", each) for each in workers[name].get("servers", [])}
        for name in FLEET
    }
    assert named["audit"] >= {"audit_archive"}, "which is no group of settings"
    named["audit"].remove("audit_archive")
    assert named == {name: set(FLEET[name].servers) for name in FLEET}


def test_users_may_do_what_the_command_line_would_allow(manifests: Callable[..., Manifests]) -> None:
    """Under a broker that refuses all else, these rules are enough: test_secure_transport.py."""
    users = manifests("strimzi-scram").of("KafkaUser")
    prefix = f"{FULL}-"
    for user, rules in fleet_acls(TOPOLOGY, prefix).items():
        wanted = {(RESOURCES[each.resource], each.name): set(each.operations) for each in rules}
        made = permissions(users[user])
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
