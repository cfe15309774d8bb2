"""What this worker, and the operator's command, put into the log and tell others, under ids made of their subject."""

from collections.abc import Mapping
from typing import Any

from workers.core.job import Publish
from workers.pipelines.evolution.identity import Subject, event_id
from workers.pipelines.evolution.model import Decided
from workers.pipelines.evolution.records import CONFIRMATIONS, NAMESPACE, NOTIFICATIONS


def decided(topic: str, subject: Subject, at: int, decision: Decided) -> Publish:
    """Approve or reject a migration. ``at`` is epoch milliseconds, here and below."""
    return event(topic, subject, at, "MigrationDecided", decision._asdict())


def event(topic: str, subject: Subject, at: int, name: str, facts: Mapping[str, Any] | None = None) -> Publish:
    """Tell the log that something has happened to a migration; ``name`` is the record's."""
    return _publish(topic, subject, at, name, facts or {})


def notification(subject: Subject, at: int, facts: Mapping[str, Any]) -> Publish:
    """Tell whom it concerns that a breaking change waits."""
    return _publish(NOTIFICATIONS, subject, at, "SchemaNotification", facts)


def confirmation(subject: Subject, at: int, facts: Mapping[str, Any]) -> Publish:
    """Tell the registry of a migration by way of a topic."""
    return _publish(CONFIRMATIONS, subject, at, "RegistryConfirmation", facts)


def _publish(topic: str, subject: Subject, at: int, name: str, facts: Mapping[str, Any]) -> Publish:
    fields = {"event_id": event_id(subject.migration_id, name), **subject._asdict(), "at": at, **facts}
    return Publish(topic, subject.schema_id.encode(), f"{NAMESPACE}.{name}", fields)
