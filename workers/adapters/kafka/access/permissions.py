"""Whether Kafka allows this client what it needs: asked before, so that one sentence names all that is missing."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection

from workers.adapters.kafka.access.acls import Acl
from workers.adapters.kafka.access.faults import ALLOW, who
from workers.adapters.kafka.admin import Admin
from workers.core.errors import Misconfigured

REFUSED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
"""Any other answer says nothing about rules, such as that there is no such topic, or no coordinator yet."""


def require_allowed(admin: Admin, acls: Sequence[Acl]) -> None:
    """Raise ``Misconfigured`` with everything that Kafka says is not allowed. Blocks."""
    missing = [f"{acl.resource} {acl.name} ({', '.join(operations)})" for acl, operations in _missing(admin, acls)]
    if missing:
        where = f"Kafka at {admin.kafka.bootstrap_servers}"
        raise Misconfigured(f"{where} does not let {who(admin.kafka)} use {'; '.join(missing)}: {ALLOW}")


def _missing(admin: Admin, acls: Sequence[Acl]) -> Iterator[tuple[Acl, Sequence[str]]]:
    topics = [acl for acl in acls if acl.resource == "TOPIC"]
    described = admin.client.describe_topics(
        TopicCollection([acl.name for acl in topics]),
        include_authorized_operations=True,
        request_timeout=admin.timeout_seconds,
    )
    for acl in topics:
        if operations := _refused(admin, acl, described[acl.name]):
            yield acl, operations
    for acl in acls:
        if acl.resource == "GROUP" and (operations := _refused(admin, acl, _group(admin, acl.name))):
            yield acl, operations


def _group(admin: Admin, group: str) -> "Future[Any]":
    return admin.client.describe_consumer_groups(
        [group], include_authorized_operations=True, request_timeout=admin.timeout_seconds
    )[group]


def _refused(admin: Admin, acl: Acl, answer: "Future[Any]") -> Sequence[str]:
    try:
        allowed = admin.answered(answer).authorized_operations
    except KafkaException as error:
        return acl.operations if error.args[0].code() in REFUSED else ()
    names = None if allowed is None else {operation.name for operation in allowed}
    return () if names is None else [each for each in acl.operations if each not in names]
