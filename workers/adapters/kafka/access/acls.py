"""What a worker may do in Kafka, and nothing else: for an authorizer that refuses whatever no rule allows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them, but not in the type checker's way
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import READER_GROUP
from workers.adapters.kafka.replays import SUFFIX
from workers.config.topics import dead_letter_topic
from workers.config.worker_options import WorkerOptions

TABLE = "cache"
"""The name of the Faust table of every worker."""


class Acl(NamedTuple):
    """What a user may do with one resource. Kafka's names; READ and WRITE include DESCRIBE."""

    resource: str
    name: str
    operations: tuple[str, ...]


def worker_acls(worker: WorkerOptions, publishes: Iterable[str]) -> list[Acl]:
    """Return what a worker does; ``publishes`` are the topics that its jobs write.

    - its topic, and its group: it consumes.
    - its dead letters: it writes them. Their gauges read them, the journal of their replays, and the configs of both.
    - the changelog of its Faust table: Faust creates it, and nobody writes it. It grows with the worker's topic.
    """
    letters = dead_letter_topic(worker.topic)
    topics = {
        worker.topic: ("READ",),
        letters: ("READ", "WRITE", "DESCRIBE_CONFIGS"),
        letters + SUFFIX: ("READ", "DESCRIBE_CONFIGS"),
        changelog_topic(worker.group): ("CREATE", "READ", "ALTER"),
    }
    for topic in publishes:
        topics[topic] = (*topics.get(topic, ()), "WRITE")
    groups = {worker.group: ("READ",), READER_GROUP: ("READ",)}
    return [*_acls("TOPIC", topics), *_acls("GROUP", groups)]


def changelog_topic(group: str) -> str:
    """Return the name that Faust gives to the changelog of a worker's table."""
    return f"{group}-{TABLE}-changelog"


def allow(admin: Admin, user: str, acls: Sequence[Acl]) -> None:
    """Allow a user what the list says, from every host; what is allowed already stays so.

    Raises ``Misconfigured`` where this user may not change rules, ``Unreachable``.
    """
    bindings = [
        AclBinding(
            ResourceType[acl.resource],
            acl.name,
            ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        for acl in acls
        for operation in acl.operations
    ]
    admin.results(admin.client.create_acls(bindings, request_timeout=admin.timeout_seconds))


def _acls(resource: str, names: Mapping[str, tuple[str, ...]]) -> Iterator[Acl]:
    return (Acl(resource, name, operations) for name, operations in names.items())
