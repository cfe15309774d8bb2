"""The procedure that finds the next step of each migration: due, executed, verified or rolled back, confirmed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from workers.core.job import Call, Effect, Step
from workers.core.reference import Query
from workers.pipelines.evolution.announcement import confirmation, decided, event, notification
from workers.pipelines.evolution.identity import Subject, event_id
from workers.pipelines.evolution.model import Decided
from workers.pipelines.evolution.moves import WORKER
from workers.pipelines.evolution.questions import NOTIFIED, TOLD, due
from workers.pipelines.evolution.states import State
from workers.pipelines.evolution.verification import wrong

Row = Mapping[str, Any]
CONFIRMED_FIELDS = ("hash", "from_version", "change_class", "why", "decided_by", "decided_why", "executed_at")


@dataclass(frozen=True, slots=True)
class Migrating:
    """``topic`` is the log of decisions; ``has_api`` tells whether the registry's API can be called."""

    topic: str
    forward_wait_ms: int
    has_api: bool
    name: str = "schema-migrating"
    every_seconds: float = 1.0

    def question(self, now_ms: int) -> Query:
        return due(now_ms, self.forward_wait_ms)

    def steps(self, rows: Sequence[Row], now_ms: int) -> Iterable[Step]:
        """Take one step for each migration."""
        return [self._step(row, now_ms) for row in rows]

    def _step(self, row: Row, now: int) -> Step:
        subject = Subject(row["migration_id"], row["schema_id"], row["version"])
        if row["obstacle"] is not None:
            rejected = Decided(approved=False, by=WORKER, why=row["obstacle"])
            return _told([decided(self.topic, subject, now, rejected)], row, now)
        if row["state"] == State.AWAITING_APPROVAL:
            told = {"migration_id": subject.migration_id, "now": now}
            return Step([notification(subject, now, _facts(row, "change_class", "why"))], Query(NOTIFIED, told))
        return _told(self._effects(row, subject, now), row, now)

    def _effects(self, row: Row, subject: Subject, now: int) -> Sequence[Effect]:
        match row["state"]:
            case State.BUFFERED:
                return [event(self.topic, subject, now, "MigrationDue", {"why": _due(row)})]
            case State.SCHEDULED:
                return [event(self.topic, subject, now, "MigrationExecuted")]
            case State.EXECUTED if problem := wrong(row):
                return [event(self.topic, subject, now, "MigrationRolledBack", {"why": problem})]
            case State.EXECUTED:
                return [event(self.topic, subject, now, "MigrationVerified")]
            case _:
                return [self._confirm(row, subject, now), event(self.topic, subject, now, "MigrationConfirmed")]

    def _confirm(self, row: Row, subject: Subject, now: int) -> Effect:
        facts = _facts(row, *CONFIRMED_FIELDS)
        if not self.has_api:
            return confirmation(subject, now, facts)
        schema_id, version = quote(subject.schema_id, safe=""), quote(subject.version, safe="")
        path = f"/api/v1/registry/schemas/{schema_id}/versions/{version}/migrations"
        body = {**subject._asdict(), "status": "completed", **facts}
        return Call("POST", path, body, event_id(subject.migration_id, "confirmed"))


def _told(effects: Sequence[Effect], row: Row, now: int) -> Step:
    """Write down that the state's next step is in the log."""
    parameters = {"migration_id": row["migration_id"], "state": row["state"], "now": now}
    return Step(effects, Query(TOLD, parameters))


def _facts(row: Row, *fields: str) -> dict[str, Any]:
    return {field: row[field] for field in fields}


def _due(row: Row) -> str:
    if not row["unknown"]:
        return "the registry knows every model that it names"
    return f"the wait is over; the registry does not know {', '.join(row['unknown'][:3])}"
