"""The procedure that finds versions without a migration, and has them classed against what is current."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Step
from workers.core.reference import Query
from workers.pipelines.evolution.announcement import event
from workers.pipelines.evolution.classified import FIRST_VERSION, Verdict, classified
from workers.pipelines.evolution.identity import Subject, migration_id, version_id
from workers.pipelines.evolution.questions import TOLD_OF_VERSION, unmigrated
from workers.pipelines.evolution.states import ChangeClass

CONTENTS_GONE = Verdict(
    ChangeClass.BREAKING, "the current version was published again with other contents, and its former ones are gone"
)
MAX_WHY = 1_000
"""Characters of a reason that are kept: the library quotes what it cannot decide."""

NOTHING_THERE = Verdict(ChangeClass.BREAKING, "the current version has no JSON Schema to compare with")


@dataclass(frozen=True, slots=True)
class Publishing:
    """``topic`` is the log of decisions."""

    topic: str
    name: str = "schema-publishing"
    every_seconds: float = 1.0

    def question(self, now_ms: int) -> Query:
        return unmigrated(now_ms)

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        """Put each version into the log with its class."""
        for row in rows:
            schema_id, version = row["schema_id"], row["version"]
            subject = Subject(migration_id(schema_id, version, row["hash"]), schema_id, version)
            verdict = _compared(row)
            facts = {
                "hash": row["hash"],
                "against_version": row["current_version"],
                "against_hash": row["current_hash"],
                "change_class": verdict.change_class.value,
                "why": verdict.why[:MAX_WHY],
                "compatible_models": row["compatible_models"],
                "published_at": row["published_at"],
            }
            told = {
                "version_id": version_id(schema_id, version),
                "migration_id": subject.migration_id,
                "now": now_ms,
            }
            effect = event(self.topic, subject, now_ms, "SchemaPublished", facts)
            yield Step([effect], Query(TOLD_OF_VERSION, told))


def _compared(row: Mapping[str, Any]) -> Verdict:
    if row["current_version"] is None:
        return FIRST_VERSION
    if row["current_version"] == row["version"]:
        return CONTENTS_GONE
    if row["current_json_schema"] is None:
        return NOTHING_THERE
    return classified(row["current_json_schema"], row["json_schema"])
