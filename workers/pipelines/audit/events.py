"""The audit worker's event: the record as it is hashed, and what it means for the graph."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class ContentKind(StrEnum):
    """What a content_id names."""

    PROMPT = "prompt"
    COMPLETION = "completion"


class Event(NamedTuple):
    """One audit event.

    ``fields``     all fields of the record, as they were sent
    ``canonical``  their canonical bytes
    ``performer``  the user_id of the User who did it, if it is known
    ``concerned``  the user_id of the User whom it concerns, beside the content
    ``kind``       what the content is, as far as the event says
    """

    fields: Mapping[str, Any]
    canonical: bytes
    performer: str | None
    concerned: str | None
    kind: ContentKind | None

    @property
    def audit_id(self) -> str:
        """Return the event's id."""
        return self.fields["audit_id"]  # type: ignore[no-any-return]  # parse has checked it

    @property
    def event_type(self) -> str:
        """Return the event's type."""
        return self.fields["event_type"]  # type: ignore[no-any-return]  # same reason as above
