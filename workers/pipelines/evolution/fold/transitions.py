"""The transitions: which event takes a migration from which states to which, with its new facts."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from workers.pipelines.evolution.events import Confirmed, Decided, Due, Executed, RolledBack, Verified
from workers.pipelines.evolution.states import UNDECIDED, State

WORKER = "memory-graph"
"""The name for decisions that no person has to make."""


class Transition(NamedTuple):
    """The states before, the state after, and the migration's new facts; ``why`` is for the log."""

    before: frozenset[State]
    after: State
    facts: Mapping[str, Any]
    why: str = ""


STEPS = {
    Executed: (State.SCHEDULED, State.EXECUTED, "executed_at"),
    Verified: (State.EXECUTED, State.VERIFIED, "verified_at"),
    Confirmed: (State.VERIFIED, State.CONFIRMED, "confirmed_at"),
}


def transition(change: Decided | Due | Executed | Verified | RolledBack | Confirmed, at: int) -> Transition:
    """Return the transition of an event at ``at`` (epoch milliseconds)."""
    if isinstance(change, Decided):
        return _decided(change, at)
    if isinstance(change, Due):
        return _scheduled(frozenset({State.BUFFERED}), Decided(approved=True, by=WORKER, why=change.why), at)
    if isinstance(change, RolledBack):
        facts = {"rolled_back_at": at, "rolled_back_why": change.why}
        return Transition(frozenset({State.EXECUTED}), State.ROLLED_BACK, facts, change.why)
    before, after, moment = STEPS[type(change)]
    return Transition(frozenset({before}), after, {moment: at})


def _decided(decision: Decided, at: int) -> Transition:
    if decision.approved:
        return _scheduled(UNDECIDED, decision, at)
    # Also a scheduled one, when an obstacle has come up.
    return Transition(UNDECIDED | {State.SCHEDULED}, State.REJECTED, *_decision_facts(decision, at))


def _scheduled(before: frozenset[State], decision: Decided, at: int) -> Transition:
    facts, why = _decision_facts(decision, at)
    return Transition(before, State.SCHEDULED, {**facts, "scheduled_at": at}, why)


def _decision_facts(decision: Decided, at: int) -> tuple[Mapping[str, Any], str]:
    facts = {"decided_by": decision.by, "decided_why": decision.why, "decided_at": at}
    return facts, f"{decision.by}: {decision.why}"
