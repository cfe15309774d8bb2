"""What workers and operators may do in Kafka: a user for each worker, and one for operators, with the least needed."""

from collections.abc import Mapping

from workers.adapters.kafka.access.acls import Acl, allow, operator_acls, worker_acls
from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.config.topology import Topology
from workers.pipelines.fleet import FLEET

PREFIX = "memory-graph-"
OPERATOR = "operator"
"""Who runs ``memory-graph dlq``, ``registry`` and ``doctor``; the chart's operator pod, for instance."""


def user_of(worker: str, prefix: str = PREFIX) -> str:
    """Return the name of the user in Kafka of a worker, or of ``OPERATOR``."""
    return prefix + worker


def fleet_acls(topology: Topology, prefix: str = PREFIX) -> dict[str, list[Acl]]:
    """Return what each user may do, by its name."""
    workers = {
        user_of(name, prefix): worker_acls(options, FLEET[name].publishes(options))
        for name, options in topology.workers.items()
        if name in FLEET
    }
    return workers | {user_of(OPERATOR, prefix): operator_acls(topology.topics, topology.workers.values())}


def allow_all(kafka: KafkaSettings, acls: Mapping[str, list[Acl]]) -> None:
    """Create the rules that are missing; none is taken away. Raises ``Misconfigured``, ``Unreachable``."""
    admin = Admin(kafka)
    for user, rules in acls.items():
        allow(admin, user, rules)
