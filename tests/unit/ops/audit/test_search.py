from collections.abc import Mapping
from typing import Any

import pytest

from workers.core.errors import Misconfigured, Unreachable
from workers.ops.audit.search import Search, classifications, event_types, search
from workers.ops.dead_letters.journal import Who

WHO = Who("id", "ann", "compliance review", 0)
ROW = {
    "audit_id": "audit-uuid-1",
    "timestamp": 1_762_443_000_000,
    "user_id": "user-123",
    "event_type": "content.read",
    "content_id": "prompt-456",
    "classification": "confidential",
    "source_ip": "10.0.1.50",
    "user_agent": "MemoryGraph/1.0",
    "access_granted": True,
    "access_reason": "Model debugging",
}


class World:
    """Graph and audit trail in one; ``journal`` has what came in which order."""

    def __init__(self, *, away: bool = False) -> None:
        self.journal: list[Any] = []
        self._away = away

    async def leave(self, event_type: str, who: Who, details: Mapping[str, str]) -> None:
        if self._away:
            raise Unreachable("no Kafka")
        self.journal.append((event_type, who.by, who.why, dict(details)))

    async def rows(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        self.journal.append((cypher, parameters))
        return [{"total": 150}] if "count(e)" in cypher else [ROW]


async def test_the_answer_has_the_shape_of_the_audit_log_and_the_search_is_an_event_before_it() -> None:
    world: Any = World()
    what = Search(since=5, user="user-123", event_types=("content.read",), page=2, page_size=10)
    assert await search(world, world, WHO, what) == {
        "audit_entries": [
            {
                "audit_id": "audit-uuid-1",
                "timestamp": "2025-11-06T15:30:00.000Z",
                "user_id": "user-123",
                "action": "read",
                "content_id": "prompt-456",
                "classification": "confidential",
                "source_ip": "10.0.1.50",
                "user_agent": "MemoryGraph/1.0",
                "access_granted": True,
                "access_reason": "Model debugging",
                "source": "graph",
            }
        ],
        "total_count": 150,
        "sources": {"graph": 150, "archive": 0, "objects": 0},
        "page": 2,
        "page_size": 10,
    }
    details = {"since": "5", "user": "user-123", "event_types": "content.read", "page": "2", "page_size": "10"}
    assert world.journal[0] == ("audit.searched", "ann", "compliance review", details)
    _, parameters = world.journal[2]
    assert (parameters["skip"], parameters["limit"]) == (10, 10)


async def test_nothing_is_found_without_an_audit_event() -> None:
    world: Any = World(away=True)
    with pytest.raises(Unreachable):
        await search(world, world, WHO, Search())
    assert world.journal == []


def test_only_what_was_asked_for_is_a_condition() -> None:
    assert Search().cypher == "MATCH (e:AuditEvent) WHERE e.timestamp IS NOT NULL"
    asked = Search(until=1, classifications=("pii",)).cypher
    assert asked.partition(" WHERE ")[2] == (
        "e.timestamp < datetime({epochMillis: $until}) AND e.classification IN $classifications"
    )


def test_actions_are_short_or_whole_event_types() -> None:
    assert event_types(["read", "content.write", "access.denied"]) == (
        "content.read",
        "content.write",
        "access.denied",
    )
    with pytest.raises(Misconfigured, match=r"--action browse is no action: choose from read, write, delete"):
        event_types(["browse"])


def test_a_classification_that_there_is_not_is_named() -> None:
    assert classifications(["pii"]) == ("pii",)
    with pytest.raises(Misconfigured, match="choose from public"):
        classifications(["secret"])
