"""Which change takes a migration from which states to which, and what is known of it then."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from workers.pipelines.evolution.model import Confirmed, Decided, Due, Executed, RolledBack, Verified
from workers.pipelines.evolution.states import UNDECIDED, State

WORKER = "memory-graph"
"""Who decides where nobody else has to."""


class Move(NamedTuple):
    """From which states, to which, and the migration's facts that come with it; ``why`` is for the log."""

    before: frozenset[State]
    after: State
    facts: Mapping[str, Any]
    why: str = ""


STEPS = {
    Executed: (State.SCHEDULED, State.EXECUTED, "executed_at"),
    Verified: (State.EXECUTED, State.VERIFIED, "verified_at"),
    Confirmed: (State.VERIFIED, State.CONFIRMED, "confirmed_at"),
}


def move(change: Decided | Due | Executed | Verified | RolledBack | Confirmed, at: int) -> Move:
    """Return what a change at ``at`` (epoch milliseconds) does."""
    if isinstance(change, Decided):
        return _decided(change, at)
    if isinstance(change, Due):
        return _scheduled(frozenset({State.BUFFERED}), Decided(approved=True, by=WORKER, why=change.why), at)
    if isinstance(change, RolledBack):
        facts = {"rolled_back_at": at, "rolled_back_why": change.why}
        return Move(frozenset({State.EXECUTED}), State.ROLLED_BACK, facts, change.why)
    before, after, moment = STEPS[type(change)]
    return Move(frozenset({before}), after, {moment: at})


def _decided(decision: Decided, at: int) -> Move:
    if decision.approved:
        return _scheduled(UNDECIDED, decision, at)
    # Also one that was to be made already: something has come in its way.
    return Move(UNDECIDED | {State.SCHEDULED}, State.REJECTED, *_told(decision, at))


def _scheduled(before: frozenset[State], decision: Decided, at: int) -> Move:
    facts, why = _told(decision, at)
    return Move(before, State.SCHEDULED, {**facts, "scheduled_at": at}, why)


def _told(decision: Decided, at: int) -> tuple[Mapping[str, Any], str]:
    facts = {"decided_by": decision.by, "decided_why": decision.why, "decided_at": at}
    return facts, f"{decision.by}: {decision.why}"
