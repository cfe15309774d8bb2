"""The audit worker's metrics, and how they report a batch."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from workers.core.metric import Measurement, counter, gauge
from workers.core.report import BatchReport
from workers.pipelines.audit.event_types import EVENT_TYPES
from workers.pipelines.audit.events import Event
from workers.pipelines.audit.fold.fold import Linked

OPERATIONS = counter("vault_operations_total", "Operations of the vault, by audit events.", "operation", "status")
DENIED = counter("vault_access_denied_total", "Accesses that the vault has denied.", "reason", "classification")
ENCRYPTIONS = counter("vault_encryption_operations_total", "Operations with keys, by audit events.", "operation")
KEY_AGE = gauge(
    "vault_encryption_key_age_days",
    "Days since the oldest key that was ever rotated was rotated last, by the process with partition 0.",
)
CHAIN_LENGTH = gauge("audit_chain_length", "Events in the chain of hashes of a partition.", "partition")
ALERTS = gauge(
    "security_alerts_recent", "Security alerts raised within the last hour, by the process with partition 0.", "rule"
)

METRICS = (OPERATIONS, DENIED, ENCRYPTIONS, KEY_AGE, CHAIN_LENGTH, ALERTS)

ATTEMPTS = ("read", "write", "delete")
OTHER, UNKNOWN = "other", "unknown"


class Operation(NamedTuple):
    """An operation of the vault, and how it ended: the labels of its metric."""

    operation: str
    status: str


def operation_of(event: Event) -> Operation | None:
    """Return the operation that an event reports, ``None`` where it is not one of the vault."""
    if event.event_type == "access.denied":
        return Operation(_attempt(event), "denied")
    operation = EVENT_TYPES[event.event_type].operation
    if operation is None:
        return None
    if event.event_type == "encryption.failed":
        return Operation(operation, "failure")
    return Operation(operation, "denied" if event.fields["access_granted"] is False else "success")


def _attempt(event: Event) -> str:
    """Return the action of ``content.read`` or ``read``; anything else is ``other``, because labels have few values."""
    attempted: str = event.fields["attempted_action"].removeprefix("content.")
    return attempted if attempted in ATTEMPTS else OTHER


def report(batch: BatchReport, denial_reasons: Collection[str]) -> Iterator[Measurement]:
    """Return the measurements of a batch that the graph has."""
    linked = [each for each in batch.observations if isinstance(each, Linked)]
    for operation, count in Counter(filter(None, (operation_of(each.event) for each in linked))).items():
        yield Measurement(OPERATIONS, count, operation)
        if operation.operation in {"encrypt", "rotate_key"}:
            yield Measurement(ENCRYPTIONS, count, (operation.operation,))
    for labels, count in Counter(_denials(linked, denial_reasons)).items():
        yield Measurement(DENIED, count, labels)
    for partition, length in {each.partition: each.length for each in linked}.items():
        yield Measurement(CHAIN_LENGTH, length, (str(partition),))


def _denials(linked: Collection[Linked], denial_reasons: Collection[str]) -> Iterator[tuple[str, str]]:
    for event in (each.event for each in linked if each.event.event_type == "access.denied"):
        reason = event.fields["reason"]
        yield (reason if reason in denial_reasons else OTHER), event.fields["classification"] or UNKNOWN
