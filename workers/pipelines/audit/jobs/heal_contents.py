"""The job that lets stubs of contents become, or give way to, the contents that telemetry has brought."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from workers.core.job import Step
from workers.core.reference import Query


class Healing(NamedTuple):
    """What is due for the stubs of a label, and how it is done."""

    due: str
    known: str
    moved: str


def healing(label: str, other: str) -> Healing:
    """Return the Cypher for stubs of a label; ``other`` is the label that the content may turn out to have."""
    return Healing(
        f"""
MATCH (s:{label}) WHERE s.stub = true
  AND (s.content_ref IS NOT NULL OR EXISTS {{ MATCH (r:{other} {{id: s.id}}) WHERE r.stub IS NULL }})
RETURN s.id AS id, s.content_ref IS NOT NULL AS known LIMIT 1000
""",
        f"MATCH (s:{label} {{id: $id}}) WHERE s.content_ref IS NOT NULL SET s.stub = null, s.kind_guessed = null",
        f"""
MATCH (s:{label} {{id: $id}}) WHERE s.stub AND s.content_ref IS NULL
MATCH (r:{other} {{id: $id}})
CALL (s, r) {{
  MATCH (e:AuditEvent)-[concerns:CONCERNS]->(s)
  MERGE (e)-[:CONCERNS]->(r)
  DELETE concerns
}}
DETACH DELETE s
""",
    )


@dataclass(frozen=True, slots=True)
class HealContents:
    """Heals stubs of one label. A stub that got its content stays; one of the wrong label gives way to the content."""

    name: str
    cypher: Healing
    every_seconds: float = 60.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - what is due does not depend on the time
        return Query(self.cypher.due, {})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        """Return a step for each stub."""
        cypher = self.cypher
        return [Step([], Query(cypher.known if row["known"] else cypher.moved, {"id": row["id"]})) for row in rows]


HEAL_PROMPTS = HealContents("heal-prompts", healing("Prompt", "Completion"))
HEAL_COMPLETIONS = HealContents("heal-completions", healing("Completion", "Prompt"))
