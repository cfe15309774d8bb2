"""The records that this worker and the operator's command write, under ids made of their subject."""

from collections.abc import Mapping
from typing import Any

from workers.core.job import Publish
from workers.pipelines.evolution.events import Decided
from workers.pipelines.evolution.identity import Subject, event_id

NAMESPACE = "com.llm.memorygraph.evolution"

NOTIFICATIONS = "schema-notifications"
"""The topic for breaking changes that wait for approval."""

EVENT_TYPES = {
    "SchemaPublished": "schema.published",
    "MigrationDecided": "migration.decided",
    "MigrationDue": "migration.due",
    "MigrationExecuted": "migration.executed",
    "MigrationVerified": "migration.verified",
    "MigrationRolledBack": "migration.rolled_back",
    "MigrationConfirmed": "migration.confirmed",
}
"""The event_type of each record of the log, by the name of its record type."""

CONFIRMATIONS = "registry-confirmations"
"""The topic for finished migrations, where the registry's API is not configured."""


def decided(topic: str, subject: Subject, at: int, decision: Decided) -> Publish:
    """Return the record that approves or rejects a migration. ``at`` is epoch milliseconds, here and below."""
    return event(topic, subject, at, "MigrationDecided", decision._asdict())


def event(topic: str, subject: Subject, at: int, name: str, facts: Mapping[str, Any] | None = None) -> Publish:
    """Return the record of an event of a migration; ``name`` is the name of the record type."""
    return _publish(topic, subject, at, name, facts or {})


def notification(subject: Subject, at: int, facts: Mapping[str, Any]) -> Publish:
    """Return the notification that a breaking change waits for approval."""
    return _publish(NOTIFICATIONS, subject, at, "SchemaNotification", facts)


def confirmation(subject: Subject, at: int, facts: Mapping[str, Any]) -> Publish:
    """Return the confirmation of a finished migration for the registry."""
    return _publish(CONFIRMATIONS, subject, at, "RegistryConfirmation", facts)


def _publish(topic: str, subject: Subject, at: int, name: str, facts: Mapping[str, Any]) -> Publish:
    fields = {"event_id": event_id(subject.migration_id, name), **subject._asdict(), "at": at, **facts}
    baggage = {"event_type": EVENT_TYPES[name]} if name in EVENT_TYPES else None
    return Publish(topic, subject.schema_id.encode(), f"{NAMESPACE}.{name}", fields, baggage)
