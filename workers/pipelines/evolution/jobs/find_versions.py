"""The job that finds versions without a migration and compares them with the current version."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Step
from workers.core.node_key import version_id
from workers.core.reference import Query
from workers.pipelines.evolution.identity import Subject, migration_id
from workers.pipelines.evolution.jobs.compare import FIRST_VERSION, Comparison, compare
from workers.pipelines.evolution.jobs.queries import LATELY_MINUTES, VERSION_ANNOUNCED, unmigrated
from workers.pipelines.evolution.records import event
from workers.pipelines.evolution.states import ChangeClass

CONTENTS_GONE = Comparison(
    ChangeClass.BREAKING, "the current version was published again with other contents, and its former ones are gone"
)
MAX_WHY = 1_000
"""Characters of a reason that are kept: the library quotes schemas in it."""

NOTHING_TO_COMPARE = Comparison(ChangeClass.BREAKING, "the current version has no JSON Schema to compare with")


ALL_EVERY_MS = LATELY_MINUTES * 60_000
"""How often all schemas are looked at: for what no round has seen in time, such as while Kafka was away."""


@dataclass(slots=True)
class FindVersions:
    """Announces each new version in the log, ``topic``, with its class.

    It looks at all schemas until nothing is left to announce, then at those that have changed lately.
    """

    topic: str
    name: str = "schema-publishing"
    every_seconds: float = 1.0
    _all_due_at: int = 0

    def query(self, now_ms: int) -> Query:
        return unmigrated(now_ms, of_all=now_ms >= self._all_due_at)

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        """Return a step for each version that announces it with its class."""
        if not rows and now_ms >= self._all_due_at:
            self._all_due_at = now_ms + ALL_EVERY_MS
        return list(self._announced(rows, now_ms))

    def _announced(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterator[Step]:
        for row in rows:
            schema_id, version = row["schema_id"], row["version"]
            subject = Subject(migration_id(schema_id, version, row["hash"]), schema_id, version)
            comparison = _compared(row)
            facts = {
                "hash": row["hash"],
                "against_version": row["current_version"],
                "against_hash": row["current_hash"],
                "change_class": comparison.change_class.value,
                "why": comparison.why[:MAX_WHY],
                "compatible_models": row["compatible_models"],
                "published_at": row["published_at"],
            }
            parameters = {
                "version_id": version_id(schema_id, version),
                "migration_id": subject.migration_id,
                "now": now_ms,
            }
            effect = event(self.topic, subject, now_ms, "SchemaPublished", facts)
            yield Step([effect], Query(VERSION_ANNOUNCED, parameters))


def _compared(row: Mapping[str, Any]) -> Comparison:
    if row["current_version"] is None:
        return FIRST_VERSION
    if row["current_version"] == row["version"]:
        return CONTENTS_GONE
    if row["current_json_schema"] is None:
        return NOTHING_TO_COMPARE
    return compare(row["current_json_schema"], row["json_schema"])
