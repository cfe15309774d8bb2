"""What each worker of a topology may do in Kafka: one user for each worker, with the least it needs."""

from collections.abc import Mapping

from workers.adapters.kafka.access.acls import Acl, allow, worker_acls
from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.config.topology import Topology
from workers.pipelines.fleet import FLEET

PREFIX = "memory-graph-"


def user_of(worker: str) -> str:
    """Return the name of a worker's user in Kafka."""
    return PREFIX + worker


def fleet_acls(topology: Topology) -> dict[str, list[Acl]]:
    """Return what each user may do, by its name."""
    return {
        user_of(name): worker_acls(options, FLEET[name].publishes(options))
        for name, options in topology.workers.items()
        if name in FLEET
    }


def allow_all(kafka: KafkaSettings, acls: Mapping[str, list[Acl]]) -> None:
    """Create the rules that are missing; none is taken away. Raises ``Misconfigured``, ``Unreachable``."""
    admin = Admin(kafka)
    for user, rules in acls.items():
        allow(admin, user, rules)
