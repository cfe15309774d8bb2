"""Fold one event into the chain of its partition: link it, or skip a duplicate."""

from typing import NamedTuple

from workers.core.errors import Rejected
from workers.core.report import Skipped
from workers.core.stage import Stage
from workers.pipelines.audit.chain.link import link
from workers.pipelines.audit.events import Event
from workers.pipelines.audit.fold.chain import Chain, Link

DUPLICATE = "duplicate"
"""An event of this audit_id and event_type is in a chain already."""


class Linked(NamedTuple):
    """An event that was linked into the chain of ``partition``, and how many events that chain has now."""

    event: Event
    partition: int
    length: int


def fold(chain: Chain, event: Event, _offset: int) -> None:
    """Link the event to the chain's head. Raises ``Rejected`` (ENRICH) with ``audit_id.reused``."""
    known = chain.known.get(event.audit_id)
    if known == event.event_type:
        chain.observations.append(Skipped(event.event_type, DUPLICATE, event.audit_id))
        return
    if known is not None:
        message = (
            f"audit_id {event.audit_id!r} of this {event.event_type} is that of an earlier {known}: "
            "send each event with an audit_id of its own"
        )
        raise Rejected(Stage.ENRICH, "audit_id.reused", message)
    before, chain.head = chain.head, link(chain.head, event.canonical)
    chain.known[event.audit_id] = event.event_type
    chain.links.append(Link(event, before, chain.head))
    chain.observations.append(Linked(event, chain.name.partition, chain.head.sequence))
