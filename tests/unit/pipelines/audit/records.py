"""Audit records for tests, one for each event type, from the source document's list of what each captures."""

from typing import Any

RECORD = "com.llm.datavault.audit.AuditEvent"
AT = 1_762_443_000_000
"""2025-11-06T15:30:00Z, in milliseconds."""

NOT_CAPTURED: dict[str, Any] = {
    "actor_id": None,
    "user_id": None,
    "content_id": None,
    "classification": None,
    "source_ip": None,
    "user_agent": None,
    "access_granted": None,
    "reason": None,
    "attempted_action": None,
    "role": None,
    "key_id": None,
    "size_bytes": None,
    "retention_met": None,
    "details": {},
}

CAPTURED: dict[str, dict[str, Any]] = {
    "content.read": {"user_id": "ada", "content_id": "p-1", "source_ip": "10.0.1.50", "reason": "Model debugging"},
    "content.write": {"user_id": "ada", "content_id": "p-1", "classification": "confidential", "size_bytes": 0},
    "content.delete": {"user_id": "ada", "content_id": "p-1", "reason": "expired", "retention_met": False},
    "access.denied": {
        "user_id": "bob", "content_id": "p-1", "reason": "insufficient_role", "attempted_action": "read",
    },
    "role.assigned": {"actor_id": "root", "user_id": "bob", "role": "data_scientist"},
    "key.rotated": {"key_id": "key-789", "reason": "30 days"},
    "encryption.failed": {"content_id": "p-1", "reason": "the KMS is away"},
    "dead_letters.replay_started": {"actor_id": "ops", "user_id": "ops", "reason": "fixed"},
    "dead_letters.replayed": {"actor_id": "ops", "user_id": "ops", "reason": "fixed"},
    "dead_letters.purged": {"actor_id": "ops", "user_id": "ops", "reason": "no use"},
    "dead_letters.released": {"actor_id": "ops", "user_id": "ops", "reason": "given up"},
    "audit.searched": {"actor_id": "ops", "user_id": "ops", "reason": "compliance review"},
    "audit.expired": {"actor_id": "ops", "user_id": "ops", "reason": "a year is over"},
    "graph.repriced": {"actor_id": "ops", "user_id": "ops", "reason": "a price was wrong"},
    "graph.rebuilt": {"actor_id": "ops", "user_id": "ops", "reason": "the disk was lost"},
    "graph.restored": {"actor_id": "ops", "user_id": "ops", "reason": "the disk was lost"},
    "models.purged": {"actor_id": "ops", "user_id": "ops", "reason": "to end the test"},
}  # fmt: skip
"""What each event type must capture, beside its time."""


def fields(event_type: str = "content.read", audit_id: str = "a-1", **other: Any) -> dict[str, Any]:
    """Return a whole record of a type; ``other`` fields replace its own."""
    own = {"audit_id": audit_id, "event_type": event_type, "timestamp": AT}
    return {**own, **NOT_CAPTURED, **CAPTURED[event_type], **other}
