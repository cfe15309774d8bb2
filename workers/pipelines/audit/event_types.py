"""The event types: what each must capture, and which operation of the vault it counts as."""

from collections.abc import Mapping
from typing import NamedTuple


class EventType(NamedTuple):
    """One type of audit event.

    ``captures``     fields that may not be null or empty
    ``explains``     the detail that may have the explanation instead of the field ``reason``, in the words of the vault
    ``operation``    label of the vault's metrics; ``None`` where it is no operation of the vault
    ``about_user``   ``actor_id`` did it, and ``user_id`` is the User whom it concerns; otherwise ``user_id`` did it
    """

    captures: tuple[str, ...]
    explains: str | None = None
    operation: str | None = None
    about_user: bool = False


OF_OPERATORS = EventType(("actor_id", "reason"), about_user=True)

EVENT_TYPES: Mapping[str, EventType] = {
    "content.read": EventType(("user_id", "content_id", "source_ip", "reason"), operation="read"),
    "content.write": EventType(("user_id", "content_id", "classification", "size_bytes"), operation="write"),
    "content.delete": EventType(
        ("user_id", "content_id", "reason", "retention_met"), explains="deletion_reason", operation="delete"
    ),
    "access.denied": EventType(("user_id", "content_id", "reason", "attempted_action")),
    "role.assigned": EventType(("actor_id", "user_id", "role"), operation="assign_role", about_user=True),
    "key.rotated": EventType(("key_id", "reason"), explains="rotation_reason", operation="rotate_key", about_user=True),
    "encryption.failed": EventType(("content_id", "reason"), explains="error_message", operation="encrypt"),
    "dead_letters.replay_started": OF_OPERATORS,
    "dead_letters.replayed": OF_OPERATORS,
    "dead_letters.purged": OF_OPERATORS,
    "dead_letters.released": OF_OPERATORS,
    "audit.searched": OF_OPERATORS,
    "audit.expired": OF_OPERATORS,
    "graph.repriced": OF_OPERATORS,
    "graph.rebuilt": OF_OPERATORS,
    "graph.restored": OF_OPERATORS,
    "models.purged": OF_OPERATORS,
}

CLASSIFICATIONS = ("public", "internal", "confidential", "restricted", "pii")
