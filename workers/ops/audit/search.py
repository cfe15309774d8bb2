"""``memory-graph audit search``: who did what to which content, in graph and archive. It is an audit event, too."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.core.clock import iso
from workers.core.errors import Misconfigured
from workers.core.job import ObjectStoreAt
from workers.ops.audit.archive.search import Archived, Wanted, objects_of, search_archive
from workers.ops.dead_letters.audit import AuditTrail
from workers.ops.dead_letters.journal import Who
from workers.pipelines.audit.chain.stored import EPOCH_MS
from workers.pipelines.audit.event_types import CLASSIFICATIONS, EVENT_TYPES

SEARCHED = "audit.searched"
OF_CONTENT = "content."
CONDITIONS = {
    "since": "e.timestamp >= datetime({epochMillis: $since})",
    "until": "e.timestamp < datetime({epochMillis: $until})",
    "user": "e.user_id = $user",
    "event_types": "e.event_type IN $event_types",
    "classifications": "e.classification IN $classifications",
}
"""Each along an index of its own, beside the time."""
COUNT = "RETURN count(e) AS total"
PAGE = f"""
RETURN e.id AS audit_id, {EPOCH_MS} AS timestamp, e.user_id AS user_id, e.event_type AS event_type,
  e.content_id AS content_id, e.classification AS classification, e.source_ip AS source_ip,
  e.user_agent AS user_agent, e.access_granted AS access_granted, e.reason AS access_reason
ORDER BY timestamp DESC, audit_id SKIP $skip LIMIT $limit
"""


class Search(NamedTuple):
    """What to look for; ``None`` and empty for anything. Times are epoch milliseconds; pages count from 1."""

    since: int | None = None
    until: int | None = None
    user: str | None = None
    event_types: Sequence[str] = ()
    classifications: Sequence[str] = ()
    page: int = 1
    page_size: int = 100

    @property
    def described(self) -> dict[str, str]:
        """Return it for the audit event."""
        chosen = {name: value for name, value in self._asdict().items() if value not in {None, ()}}
        return {name: value if isinstance(value, str) else _text(value) for name, value in chosen.items()}

    @property
    def most(self) -> int:
        """Return how many entries there are up to the end of the page."""
        return self.page * self.page_size

    @property
    def cypher(self) -> str:
        """Return the Cypher that finds the events."""
        conditions = [each for name, each in CONDITIONS.items() if getattr(self, name) not in {None, ()}]
        return f"MATCH (e:AuditEvent) WHERE {' AND '.join(conditions or ['e.timestamp IS NOT NULL'])}"


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def event_types(actions: Sequence[str]) -> tuple[str, ...]:
    """Return the event types of actions: ``read`` is ``content.read``. Raises ``Misconfigured``."""
    known = {each.removeprefix(OF_CONTENT): each for each in EVENT_TYPES}
    unknown = [each for each in actions if each not in known and each not in EVENT_TYPES]
    if unknown:
        raise Misconfigured(f"--action {unknown[0]} is no action: choose from {', '.join(known)}")
    return tuple(known.get(each, each) for each in actions)


def classifications(names: Sequence[str]) -> tuple[str, ...]:
    """Return classifications as they are. Raises ``Misconfigured`` for one that there is not."""
    unknown = [each for each in names if each not in CLASSIFICATIONS]
    if unknown:
        choice = ", ".join(CLASSIFICATIONS)
        raise Misconfigured(f"--classification {unknown[0]} is no classification: choose from {choice}")
    return tuple(names)


class ArchiveOf(NamedTuple):
    """Where events are that have left the graph."""

    store: ObjectStoreAt
    topic: str


async def search(
    graph: GraphConnection, trail: AuditTrail, who: Who, what: Search, archive: ArchiveOf | None = None
) -> dict[str, Any]:
    """Return a page of what is found. The audit event comes first, so that nothing is found without one.

    ``sources`` says how much of it the graph has and how much the archive, each entry where it comes from. Raises
    ``Unreachable``, ``Misconfigured``, and ``ProblemsFound`` for an object of the archive that was changed.
    """
    await trail.leave(SEARCHED, who, what.described)
    gone = await _gone(graph, what, archive)
    # With events of both, the page is cut from the newest of both.
    skip, limit = ((what.page - 1) * what.page_size, what.page_size) if not gone.objects else (0, what.most)
    parameters = what._asdict() | {"skip": skip, "limit": limit}
    (count,) = await graph.rows(f"{what.cypher} {COUNT}", **parameters)
    rows = await graph.rows(f"{what.cypher} {PAGE}", **parameters)
    entries = [_entry(row, "graph") for row in rows]
    if gone.objects:
        known = {each["audit_id"] for each in entries}  # an event that is about to leave the graph is in both
        entries += [_entry(row, "archive") for row in map(_row, gone.newest) if row["audit_id"] not in known]
        entries.sort(key=lambda each: each["audit_id"])
        entries.sort(key=lambda each: each["timestamp"] or "", reverse=True)
        entries = entries[what.most - what.page_size : what.most]
    return {
        "audit_entries": entries,
        "total_count": count["total"] + gone.total,
        "sources": {"graph": count["total"], "archive": gone.total, "objects": gone.objects},
        "page": what.page,
        "page_size": what.page_size,
    }


async def _gone(graph: GraphConnection, what: Search, archive: ArchiveOf | None) -> Archived:
    if archive is None:
        return Archived([], 0, 0)
    types, kinds = frozenset(what.event_types), frozenset(what.classifications)
    wanted = Wanted(what.since, what.until, what.user, types, kinds)
    names = await objects_of(graph, archive.topic, wanted)
    if names and not archive.store.url:
        raise Misconfigured(
            f"{len(names):,} objects of the archive may have a part of the answer: set workers.audit.archive.url"
        )
    return await asyncio.to_thread(search_archive, archive.store, names, wanted, what.most)


def _row(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**event, "access_reason": event["reason"]}


def _entry(row: Mapping[str, Any], source: str) -> dict[str, Any]:
    return {
        "audit_id": row["audit_id"],
        "timestamp": None if row["timestamp"] is None else iso(row["timestamp"]),
        "user_id": row["user_id"],
        "action": row["event_type"].removeprefix(OF_CONTENT),
        **{name: row[name] for name in ("content_id", "classification", "source_ip", "user_agent", "access_granted")},
        "access_reason": row["access_reason"],
        "source": source,
    }
