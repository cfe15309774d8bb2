"""The job that moves calls to the Models that their names mean, when the registry has changed that.

An event may come before the registry knows its model, an alias may be added, corrected or moved. Each ModelName has
the meaning by which its calls were placed. When the registry's is another one, the calls are moved, page by page, and a
stub that nothing is left at is removed. A deleted Model whose grace has passed is marked once all names were compared
with its last change: until then, some of their calls may turn out to be its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from workers.core.job import Step
from workers.core.reference import Query
from workers.pipelines.telemetry.jobs import queries
from workers.pipelines.telemetry.jobs.moves import move_steps, moves
from workers.pipelines.telemetry.prices.meaning import Meaning
from workers.pipelines.telemetry.prices.pricing import CatalogueEntry
from workers.pipelines.telemetry.prices.reference import RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory

NAMES_OF_PAGE = 2_000
DUE_OF_ROUND = 50
CALLS_OF_ROUND = 10_000
AGAIN_AFTER_SECONDS = 60
"""Longer than a transaction can last."""
KNOWN_AFTER_SECONDS = 2 * AGAIN_AFTER_SECONDS + 10
"""The registry's transaction, the moment until every worker has read it, and a transaction that began before that."""
COMPARED_EVERY_MS = 60_000
"""A worker that has not read the registry's last change yet can create a name after all names were compared."""
NO_PROVIDER = ""
"""A schema names models without a provider."""

Rows = Sequence[Mapping[str, Any]]


class SettleNames:
    """Reads the registry's history, then compares names, calls and schemas with it, one query a round."""

    name = "model_names"

    def __init__(self, history: RegistryHistory, entry: Callable[[str], CatalogueEntry]) -> None:
        self._history = history
        self._reference = RegistryReference(history)
        self._entry = entry
        self._next = self._read_history
        self._after: str | None = ""
        self._due: Rows = ()
        self._compared_at = 0
        self._pause = 0.0

    @property
    def every_seconds(self) -> float:
        """Return the pause after a round: none where the next part of the search can follow."""
        return self._pause

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - the graph's own clock counts
        """Return the query of the next part of the search."""
        if self._next == self._read_history:
            return self._reference.query()
        if self._next == self._compare_names:
            return Query(queries.NAMES, {"after": self._after, "page": NAMES_OF_PAGE})
        if self._next == self._link_schemas:
            return Query(queries.COMPATIBLE, {})
        if self._next == self._find_due:
            return Query(queries.DUE, {"page": DUE_OF_ROUND})
        if self._next == self._mark_compared:
            return Query(queries.UNCOMPARED, {"read_at": self._reference.read_at, "known_after": KNOWN_AFTER_SECONDS})
        return Query(queries.MISPLACED, {"moves": self._moves(), "page": CALLS_OF_ROUND})

    def steps(self, rows: Rows, now_ms: int) -> Iterable[Step]:
        """Return the steps that the rows of the query need."""
        before = (self._next, self._after)
        steps = list(self._next(rows, now_ms))
        self._pause = 1.0 if self._next == self._read_history or before == (self._next, self._after) else 0.0
        return steps

    def _read_history(self, rows: Rows, now_ms: int) -> Iterator[Step]:
        if self._reference.learn(rows):
            self._after = ""
            return
        if self._after is None and now_ms - self._compared_at >= COMPARED_EVERY_MS:
            self._after = ""
        self._next = self._find_due if self._after is None else self._compare_names
        yield from ()

    def _compare_names(self, rows: Rows, now_ms: int) -> Iterator[Step]:  # noqa: ARG002 - the graph's own clock counts
        changed = []
        for row in rows:
            meaning = self._history.meaning(row["provider"], row["name"])
            if meaning.text != row["meaning"]:
                changed.append(self._changed(row["id"], meaning))
        if not changed:  # otherwise the page is read again: a step may fail
            self._after = rows[-1]["id"] if len(rows) == NAMES_OF_PAGE else None
            self._next = self._compare_names if self._after else self._link_schemas
        yield from changed

    def _changed(self, id_: str, meaning: Meaning) -> Step:
        now = {"meaning": meaning.text, "open": meaning.is_open, "model_ids": list(meaning.used_models)}
        card = self._entry(meaning.name)._asdict()
        return Step([], Query(queries.MEANING_CHANGED, {"id": id_, "card": card, **now}))

    def _link_schemas(self, rows: Rows, now_ms: int) -> Iterator[Step]:
        self._compared_at, self._next = now_ms, self._mark_compared
        for row in rows:
            meant = {name: self._history.meaning(NO_PROVIDER, name).latest for name in row["names"]}
            if set(meant.values()) != set(row["model_ids"]):
                self._compared_at, self._next = 0, self._find_due  # looked at again: a step may fail
                about = {"version_id": row["version_id"], "names": row["names"]}
                yield Step([], Query(queries.COMPATIBLE_CHANGED, {**about, "model_ids": sorted(set(meant.values()))}))
            yield from (_merged(name, meant[name]) for name in row["stubs"] if meant[name] != name)

    def _mark_compared(self, rows: Rows, now_ms: int) -> Iterator[Step]:  # noqa: ARG002 - the graph's own clock counts
        self._next = self._find_due
        if rows:
            about = {"model_ids": [row["id"] for row in rows], "read_at": self._reference.read_at}
            yield Step([], Query(queries.COMPARED, about))

    def _find_due(self, rows: Rows, now_ms: int) -> Iterator[Step]:  # noqa: ARG002 - the graph's own clock counts
        self._due = rows
        self._next = self._move if rows else self._read_history
        yield from ()

    def _moves(self) -> list[dict[str, Any]]:
        return [
            move for name in self._due for move in moves(name, self._history.meaning(name["provider"], name["name"]))
        ]

    def _move(self, rows: Rows, now_ms: int) -> Iterator[Step]:  # noqa: ARG002 - the graph's own clock counts
        self._next = self._read_history
        misplaced = [row for row in rows if row["calls"] or row["metrics"]]
        for row in misplaced:
            yield from move_steps(row["move"], row, self._entry(row["move"]["target"]))
        moving = {row["move"]["id"] for row in misplaced}
        for name in self._due:
            if name["id"] not in moving:
                yield from self._settled(name)

    def _settled(self, name: Mapping[str, Any]) -> Iterator[Step]:
        meaning = self._history.meaning(name["provider"], name["name"])
        checked = {"id": name["id"], "check_at": name["check_at"], "checked": name["model_ids"]}
        now = {"model_ids": list(meaning.used_models), "again_after": AGAIN_AFTER_SECONDS}
        yield Step([], Query(queries.SETTLED, {**checked, **now}))
        if not meaning.is_open and meaning.latest != name["name"]:
            yield _merged(name["name"], meaning.latest)


def _merged(name: str, model_id: str) -> Step:
    """Return the step that removes the stub of a name, once nothing is left at it."""
    return Step([], Query(queries.STUB_MERGED, {"name": name, "model_id": model_id}))
