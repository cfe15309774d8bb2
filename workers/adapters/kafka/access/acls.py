"""What workers and operators may do in Kafka, and nothing else: for an authorizer that refuses what no rule allows."""

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
OWN_GROUPS = "memory-graph-dlq.*"
"""The groups and transactional ids of replays and purges."""


class Acl(NamedTuple):
    """What a user may do with one resource, or with all whose names begin as one that ends with ``*``.

    Kafka's names; READ, WRITE, DELETE and ALTER include DESCRIBE.
    """

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


def operator_acls(topics: Iterable[str], workers: Iterable[WorkerOptions]) -> list[Acl]:
    """Return what ``memory-graph dlq``, ``registry`` and ``doctor`` do; ``topics`` are all topics of the topology.

    - dead letters: a replay reads them and sends in transactions, a purge deletes them. The journal belongs to it.
    - topics: a replay writes to them, and so do decisions about schemas and the audit events of what was done.
    - groups: a replay or a purge is the only member of a group of its own; the lag of the workers' groups is shown.
    """
    may: dict[str, tuple[str, ...]] = {}
    for topic in topics:
        letters = dead_letter_topic(topic)
        may[topic] = ("READ", "WRITE", "DESCRIBE_CONFIGS")
        may[letters] = ("READ", "DELETE", "DESCRIBE_CONFIGS")
        may[letters + SUFFIX] = ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS")
    groups = {READER_GROUP: ("READ",), OWN_GROUPS: ("READ",)} | {each.group: ("DESCRIBE",) for each in workers}
    return [*_acls("TOPIC", may), *_acls("GROUP", groups), Acl("TRANSACTIONAL_ID", OWN_GROUPS, ("WRITE",))]


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
            acl.name.removesuffix("*"),
            ResourcePatternType.PREFIXED if acl.name.endswith("*") else ResourcePatternType.LITERAL,
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
