"""What each node must have by the contract, whatever the topics say: nodes and relationships that dangle."""

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.ops.graph_check.finding import RESTORE, Finding, Kind, Place


class Rule(NamedTuple):
    """A condition that no node ``n`` with a label may meet.

    ``name``   the type of the relationships, in capitals, or the property that it is about
    ``lacks``  what must be there; ``fix`` what to do
    """

    label: str
    key: str
    name: str
    lacks: str
    condition: str
    fix: str = f"delete the node if no record made it, otherwise {RESTORE}"


TWICE = "delete the one that the topic does not explain; `--all` names it where the topic has the trace"
RULES = (
    Rule("Invocation", "key", "trace_id", "a trace", "n.trace_id IS NULL"),
    Rule("Invocation", "key", "USES_MODEL", "one Model", "COUNT { (n)-[:USES_MODEL]->(:Model) } <> 1"),
    Rule("Invocation", "key", "USES_VERSION", "one version", "COUNT { (n)-[:USES_VERSION]->() } > 1", TWICE),
    Rule(
        "Invocation",
        "key",
        "FOLLOWED_BY",
        "one successor and one predecessor of its trace",
        "COUNT { (n)-[:FOLLOWED_BY]->() } > 1 OR COUNT { (n)<-[:FOLLOWED_BY]-() } > 1 "
        "OR EXISTS { (n)-[:FOLLOWED_BY]->(o) WHERE NOT o:Invocation OR o = n OR o.trace_id <> n.trace_id }",
        TWICE,
    ),
    Rule(
        "Invocation",
        "key",
        "CHILD_OF",
        "one parent of its trace",
        "COUNT { (n)-[:CHILD_OF]->() } > 1 "
        "OR EXISTS { (n)-[:CHILD_OF]->(o) WHERE NOT o:Invocation OR o = n OR o.trace_id <> n.trace_id }",
        TWICE,
    ),
    Rule("Error", "id", "CAUSED_ERROR", "one Invocation", "COUNT { (n)<-[:CAUSED_ERROR]-(:Invocation) } <> 1"),
    Rule("PerformanceMetric", "id", "HAS_METRIC", "one owner", "COUNT { (n)<-[:HAS_METRIC]-(:Invocation|Model) } <> 1"),
    Rule(
        "Model",
        "model_id",
        "stub",
        "no stub beside the Model that its name means",
        "n.stub AND EXISTS { (:ModelName {name: n.model_id}) } "
        "AND NOT EXISTS { MATCH (m:ModelName {name: n.model_id}) WHERE m.open OR m.check_at IS NOT NULL }",
        "start the telemetry worker: its job `model_names` merges it",
    ),
)


async def dangling(graph: GraphConnection, limit: int, progress: Callable[[str], None]) -> AsyncIterator[Finding]:
    """Yield at most ``limit`` findings of each rule. Raises ``Unreachable``."""
    for rule in RULES:
        progress(f"relationships: {rule.label} {rule.name}")
        for row in await _confirmed(graph, rule, limit):
            subject, place = f"{rule.label} {row['key']}", Place(trace_id=row["trace_id"])
            yield Finding(Kind.DANGLING, subject, rule.name, rule.lacks, row["found"], rule.fix, place)


async def _confirmed(graph: GraphConnection, rule: Rule, limit: int) -> list[dict[str, Any]]:
    """Ask twice, because a scan can meet a transaction in the middle of its commit."""
    suspects = await graph.rows(_query(rule, "true"), keys=[], limit=limit)
    if not suspects:
        return []
    return await graph.rows(
        _query(rule, f"n.{rule.key} IN $keys"), keys=[each["key"] for each in suspects], limit=limit
    )


def _query(rule: Rule, which: str) -> str:
    found = f"COUNT {{ (n)-[:{rule.name}]-() }}" if rule.name.isupper() else f"n.{rule.name}"
    return (
        f"MATCH (n:{rule.label}) WHERE ({which}) AND ({rule.condition}) WITH n LIMIT $limit "
        f"RETURN n.{rule.key} AS key, n.trace_id AS trace_id, {found} AS found ORDER BY key"
    )
