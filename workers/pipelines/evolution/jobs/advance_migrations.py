"""The job that finds the next step of each migration: due, executed, verified or rolled back, confirmed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from workers.core.fingerprint import fingerprint
from workers.core.job import Call, Effect, Step, wait_after_refusals_ms
from workers.core.reference import Query
from workers.pipelines.evolution.events import Decided
from workers.pipelines.evolution.fold.transitions import WORKER
from workers.pipelines.evolution.identity import Subject, event_id
from workers.pipelines.evolution.jobs.queries import CONFIRMATION_REFUSED, NOTIFIED, STEP_ANNOUNCED, due
from workers.pipelines.evolution.records import confirmation, decided, event, notification
from workers.pipelines.evolution.states import State

Row = Mapping[str, Any]
CONFIRMED_FIELDS = ("hash", "from_version", "change_class", "why", "decided_by", "decided_why", "executed_at")


@dataclass(frozen=True, slots=True)
class AdvanceMigrations:
    """Takes the next step of each migration. ``topic`` is the log; ``has_api``: there is a registry API."""

    topic: str
    forward_wait_ms: int
    has_api: bool
    name: str = "schema-migrating"
    every_seconds: float = 1.0

    def query(self, now_ms: int) -> Query:
        return due(now_ms, self.forward_wait_ms)

    def steps(self, rows: Sequence[Row], now_ms: int) -> Iterable[Step]:
        """Return one step for each migration."""
        return [self._step(row, now_ms) for row in rows]

    def _step(self, row: Row, now: int) -> Step:
        subject = Subject(row["migration_id"], row["schema_id"], row["version"])
        if row["obstacle"] is not None:
            rejected = Decided(approved=False, by=WORKER, why=row["obstacle"])
            return _announce([decided(self.topic, subject, now, rejected)], row, now)
        if row["state"] == State.AWAITING_APPROVAL:
            parameters = {"migration_id": subject.migration_id, "now": now}
            return Step([notification(subject, now, _facts(row, "change_class", "why"))], Query(NOTIFIED, parameters))
        step = _announce(self._effects(row, subject, now), row, now)
        return step._replace(refused=_postponed(row, now)) if row["state"] == State.VERIFIED else step

    def _effects(self, row: Row, subject: Subject, now: int) -> Sequence[Effect]:
        match row["state"]:
            case State.BUFFERED:
                return [event(self.topic, subject, now, "MigrationDue", {"why": _due(row)})]
            case State.SCHEDULED:
                return [event(self.topic, subject, now, "MigrationExecuted")]
            case State.EXECUTED if problem := first_problem(row):
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


def _announce(effects: Sequence[Effect], row: Row, now: int) -> Step:
    """Return the step that writes records to the log, and then stores that it did."""
    parameters = {"migration_id": row["migration_id"], "state": row["state"], "now": now}
    return Step(effects, Query(STEP_ANNOUNCED, parameters))


def _postponed(row: Row, now: int) -> Query:
    refusals = row["refusals"] + 1
    confirm_at = now + wait_after_refusals_ms(refusals)
    parameters = {"migration_id": row["migration_id"], "refusals": refusals, "confirm_at": confirm_at}
    return Query(CONFIRMATION_REFUSED, parameters)


def _facts(row: Row, *fields: str) -> dict[str, Any]:
    return {field: row[field] for field in fields}


def _due(row: Row) -> str:
    if not row["unknown"]:
        return "the registry knows all its models"
    return f"the wait has ended; the registry does not know {', '.join(row['unknown'][:3])}"


SHOWN_MODELS = 3


def first_problem(row: Mapping[str, Any]) -> str | None:
    """Return the first problem of an executed migration, or ``None``. The row is one of ``queries.DUE``."""
    currents, version = row["currents"], row["version"]
    if currents != [version]:
        return f"the schema's current versions are {currents}, not only {version}"
    found = None if row["json_schema"] is None else fingerprint(row["json_schema"])
    if found != row["hash"]:
        return f"the JSON Schema in the graph has the hash {found}, not {row['hash']}"
    if row["left_behind"]:
        return f"{_shown(row['left_behind'])} still use {row['from_version']}"
    if row["without_version"]:
        return f"{_shown(row['without_version'])} do not use {version}"
    return None


def _shown(models: list[str]) -> str:
    more = len(models) - SHOWN_MODELS
    return ", ".join(models[:SHOWN_MODELS]) + (f" and {more} more models" if more > 0 else "")
