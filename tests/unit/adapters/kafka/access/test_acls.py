from pathlib import Path

from workers.ops.acls import fleet_acls
from workers.pipelines.fleet import load_topology

TOPOLOGY = Path(__file__).parents[5] / "topology.yaml"


def rules(user: str) -> dict[str, set[str]]:
    return {f"{acl.resource} {acl.name}": set(acl.operations) for acl in fleet_acls(load_topology(TOPOLOGY))[user]}


def own(topic: str, group: str) -> dict[str, set[str]]:
    """What every worker does: consumes, dead-letters, counts its dead letters, has a table."""
    return {
        f"TOPIC {topic}": {"READ"},
        f"TOPIC {topic}.dlq": {"READ", "WRITE", "DESCRIBE_CONFIGS"},
        f"TOPIC {topic}.dlq.replays": {"READ", "DESCRIBE_CONFIGS"},
        f"TOPIC {group}-cache-changelog": {"CREATE", "READ", "ALTER"},
        f"GROUP {group}": {"READ"},
        "GROUP memory-graph-reader": {"READ"},
    }


def test_each_worker_has_a_user_that_may_do_what_it_does_and_no_more() -> None:
    migrations = own("schema-migrations", "memory-graph-evolution")

    assert rules("memory-graph-telemetry") == own("llm-telemetry-events", "memory-graph-telemetry")
    assert rules("memory-graph-registry") == own("registry-changes", "memory-graph-registry") | {
        "TOPIC registry-usage-stats": {"WRITE"}
    }
    assert rules("memory-graph-evolution") == migrations | {
        "TOPIC schema-migrations": {"READ", "WRITE"},
        "TOPIC schema-notifications": {"WRITE"},
        "TOPIC registry-confirmations": {"WRITE"},
    }


def test_no_worker_may_use_a_topic_by_a_pattern_or_the_cluster() -> None:
    users = fleet_acls(load_topology(TOPOLOGY))
    del users["memory-graph-operator"]
    for acls in users.values():
        assert {acl.resource for acl in acls} == {"TOPIC", "GROUP"}
        assert not [acl for acl in acls if "*" in acl.name]


def test_an_operator_replays_and_deletes_dead_letters_and_deletes_nothing_else() -> None:
    operator = rules("memory-graph-operator")
    assert operator["TRANSACTIONAL_ID memory-graph-dlq.*"] == {"WRITE"}
    assert operator["GROUP memory-graph-telemetry"] == {"DESCRIBE"}
    deleted = {name for name, may in operator.items() if "DELETE" in may}
    assert "TOPIC llm-telemetry-events.dlq" in deleted
    assert all(name.startswith("TOPIC ") and name.endswith(".dlq") for name in deleted)


def test_users_are_named_by_a_prefix() -> None:
    assert "prod-memory-graph-telemetry" in fleet_acls(load_topology(TOPOLOGY), "prod-memory-graph-")
