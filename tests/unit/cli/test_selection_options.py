"""With a reason, what an operator does leaves an audit event."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from workers.cli import selection_options
from workers.cli.selection_options import act
from workers.core.errors import Misconfigured
from workers.ops.dead_letters import audit
from workers.ops.dead_letters.journal import Who


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replace the topic of audit events."""
    journal: list[Any] = []

    class Trail:
        async def leave(self, event_type: str, who: Who, details: Mapping[str, str]) -> None:
            journal.append((event_type, who.by, who.why, details))

    @asynccontextmanager
    async def audit_trail(*_: object) -> AsyncIterator[Trail]:
        journal.append("the topic is there")
        yield Trail()

    monkeypatch.setattr(audit, "audit_trail", audit_trail)
    monkeypatch.setattr(selection_options, "configuration", lambda: ("settings", "topology"))
    return journal


async def test_the_topic_is_looked_for_before_the_act_and_the_event_sent_after_it(journal: list[Any]) -> None:
    async with act("graph.repriced", "a price was wrong", "ann") as done:
        journal.append("done")
        done["written"] = 3
    event = ("graph.repriced", "ann", "a price was wrong", {"written": "3"})
    assert journal == ["the topic is there", "done", event]


async def test_without_a_reason_nothing_is_asked_for_and_nothing_sent(journal: list[Any]) -> None:
    async with act("graph.repriced", None, None):
        pass
    assert journal == []


async def test_an_act_that_fails_leaves_no_event(journal: list[Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with act("graph.repriced", "a price was wrong", "ann"):
            _ = 1 // 0
    assert journal == ["the topic is there"]


async def test_a_blank_reason_is_refused_before_anything_is_done(journal: list[Any]) -> None:
    with pytest.raises(Misconfigured, match="--why"):
        async with act("graph.repriced", " ", "ann"):
            journal.append("done")
    assert journal == []
