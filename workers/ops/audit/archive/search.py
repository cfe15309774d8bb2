"""Find events in the archive that have left the graph."""

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.object_store.store import ObjectStore
from workers.core.errors import ProblemsFound
from workers.core.job import ObjectStoreAt
from workers.pipelines.audit.archive.batch import Batch, read_batch

# Their events have left the graph, all or some of them.
OBJECTS = """
MATCH (c:AuditChain {topic: $topic})
MATCH (b:AuditBatch {chain: c.id}) WHERE b.events > 0 AND b.last <= coalesce(c.expired, 0)
  AND ($since IS NULL OR b.to >= datetime({epochMillis: $since}))
  AND ($until IS NULL OR b.from < datetime({epochMillis: $until}))
RETURN b.id AS name ORDER BY b.to DESC
"""


class Wanted(NamedTuple):
    """What to look for; ``None`` and empty for anything. Times are epoch milliseconds."""

    since: int | None
    until: int | None
    user: str | None
    event_types: frozenset[str]
    classifications: frozenset[str]

    def has(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event is looked for, as the graph's conditions do."""
        at = event["timestamp"]
        return (
            (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
            and (self.user is None or event["user_id"] == self.user)
            and (not self.event_types or event["event_type"] in self.event_types)
            and (not self.classifications or event["classification"] in self.classifications)
        )


class Archived(NamedTuple):
    """What the archive has: the newest events by time, how many there are, and how many objects were read."""

    newest: list[Mapping[str, Any]]
    total: int
    objects: int


async def objects_of(graph: GraphConnection, topic: str, wanted: Wanted) -> list[str]:
    """Return the names of the objects that may have such events."""
    rows = await graph.rows(OBJECTS, topic=topic, since=wanted.since, until=wanted.until)
    return [row["name"] for row in rows]


def search_archive(at: ObjectStoreAt, names: list[str], wanted: Wanted, most: int) -> Archived:
    """Return at most so many events of these objects. Blocks. Raises ``ProblemsFound`` for one that is not whole."""
    total = 0

    def found() -> Iterator[Mapping[str, Any]]:
        nonlocal total
        store = ObjectStore(at)
        for name in names:
            for event in (each.event for each in whole_batch(store, name).events):
                if event and wanted.has(event):
                    total += 1
                    yield event

    newest = heapq.nsmallest(most, found(), key=lambda event: (-event["timestamp"], event["audit_id"]))
    return Archived(newest, total, len(names))


def whole_batch(store: ObjectStore, name: str) -> Batch:
    """Return the batch of an object, once its hashes are checked. Blocks. Raises ``ProblemsFound`` for another one."""
    try:
        batch = read_batch(store.get(name) or b"")
    except ValueError as error:
        raise _changed(name, str(error)) from error
    if batch.broken:
        raise _changed(name, batch.broken)
    return batch


def _changed(name: str, wrong: str) -> ProblemsFound:
    fix = "run `memory-graph audit verify --source archive`"
    return ProblemsFound(f"the object {name} of the archive is not as it was written ({wrong}): {fix}")
