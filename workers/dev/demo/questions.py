"""The demo's Cypher queries."""

from typing import Any

from workers.adapters.graph.connection import GraphConnection
from workers.dev.demo.report import Answer, SpanView, TraceView

BOOKKEEPING = ("Watermark", "ParkedKey", "ModelName", "Migration")
"""Labels of our own bookkeeping nodes, which are not part of the result."""

REPAIRED = "repaired dead letters"
OF_RUN = "MATCH (i:Invocation) WHERE i.trace_id IN $traces "
CHECKS: dict[str, str] = {
    "Invocation": OF_RUN + "RETURN count(i) AS found",
    "FOLLOWED_BY": OF_RUN + "MATCH (i)-[r:FOLLOWED_BY]->() RETURN count(r) AS found",
    "CHILD_OF": OF_RUN + "MATCH (i)-[r:CHILD_OF]->() RETURN count(r) AS found",
    "USES_MODEL": OF_RUN + "MATCH (i)-[r:USES_MODEL]->() RETURN count(r) AS found",
    "HAS_METRIC": OF_RUN + "MATCH (i)-[r:HAS_METRIC]->() RETURN count(r) AS found",
    "CAUSED_ERROR": OF_RUN + "MATCH (i)-[r:CAUSED_ERROR]->() RETURN count(r) AS found",
    "TRIGGERED_BY": OF_RUN + "MATCH (i)-[:CAUSED_ERROR]->()-[r:TRIGGERED_BY]->() RETURN count(r) AS found",
    REPAIRED: OF_RUN + "AND i.use_case = 'repaired' RETURN count(i) AS found",
    "total_tokens": OF_RUN + "RETURN sum(i.total_tokens) AS found",
}
STATUSES = OF_RUN + "RETURN 'Invocation ' + i.status AS name, count(*) AS found"

INTERESTING_TRACE = """
MATCH (i:Invocation)-[:CAUSED_ERROR]->(e:Error) WHERE i.trace_id IN $traces
WITH i.trace_id AS trace_id, count(e) AS errors, sum(COUNT { (e)-[:TRIGGERED_BY]->() }) AS causes,
     sum(COUNT { (e)-[:TRIGGERED_BY]->()-[:TRIGGERED_BY]->() }) AS chained
MATCH (s:Invocation {trace_id: trace_id})
WITH trace_id, errors, causes, chained, count(s) AS spans, count(DISTINCT s.model_id) AS models,
     sum(COUNT { (s)-[:CHILD_OF]->()-[:CHILD_OF]->() }) AS nested
WHERE 5 <= spans <= 11
RETURN trace_id
ORDER BY causes > 0 DESC, chained > 0 DESC, nested > 0 DESC, 2 * errors <= spans DESC, models DESC, spans DESC, trace_id
LIMIT 1
"""
LARGEST_TRACE = OF_RUN + "RETURN i.trace_id AS trace_id ORDER BY COUNT { (i)<-[:CHILD_OF]-() } DESC, trace_id LIMIT 1"
SPANS = """
MATCH (i:Invocation {trace_id: $trace_id})
OPTIONAL MATCH (i)-[:CHILD_OF]->(parent)
OPTIONAL MATCH (i)-[:CAUSED_ERROR]->(e)
RETURN i.span_id AS span_id, parent.span_id AS parent_span_id, i.model_id AS model, i.provider AS provider,
  i.timestamp.epochMillis AS start_ms, coalesce(i.latency_ms, 0.0) AS latency_ms, i.total_tokens AS tokens,
  i.cost_usd AS cost_usd, i.status AS status, i.session_id AS session_id, e.error_type AS error, e.message AS message,
  [(e)-[:TRIGGERED_BY]->(cause) | cause.error_type] AS triggered_by
ORDER BY start_ms, span_id
"""

COSTS = """
MATCH (i:Invocation)-[:USES_MODEL]->(m:Model)
WITH m, count(i) AS calls, sum(i.cost_usd) AS usd,
     percentileDisc(i.latency_ms, 0.95) AS p95,
     avg(CASE i.status WHEN 'SUCCESS' THEN 0.0 ELSE 100.0 END) AS failed
RETURN m.model_id AS model, calls, round(usd, 2) AS usd,
       round(p95) AS p95_ms, round(failed, 1) AS failed_percent
ORDER BY usd DESC LIMIT 5"""
CAUSES = """
MATCH path = (e:Error)-[:TRIGGERED_BY*]->(root:Error)
WHERE NOT (root)-[:TRIGGERED_BY]->()
MATCH (i:Invocation)-[:CAUSED_ERROR]->(root)
RETURN root.error_type AS root_cause, i.model_id AS of_model,
       count(DISTINCT e) AS brought_down, max(length(path)) AS deepest
ORDER BY brought_down DESC, deepest DESC, root_cause, of_model LIMIT 5"""
AGENTS = """
MATCH (agent:Invocation) WHERE NOT (agent)-[:CHILD_OF]->()
MATCH (agent)<-[:CHILD_OF*]-(call:Invocation)
WITH agent, count(call) AS calls,
     sum(call.cost_usd) + agent.cost_usd AS usd
RETURN agent.trace_id AS trace, calls, round(usd, 4) AS usd,
       round(agent.latency_ms / 1000, 1) AS seconds
ORDER BY usd DESC LIMIT 3"""
PRICES = """
MATCH (m:Model)-[:HAS_PRICE]->(p:Price)
WITH m, count(p) AS changes ORDER BY changes DESC, m.model_id LIMIT 1
MATCH (m)-[:HAS_PRICE]->(p)
RETURN m.model_id AS model, toString(date(p.effective_from)) AS since, p.input AS usd_per_1k_input,
       p.output AS usd_per_1k_output
ORDER BY since"""
READERS = """
MATCH (i:Invocation)
WITH i.trace_id AS trace, sum(i.cost_usd) AS usd ORDER BY usd DESC LIMIT 1000
MATCH (i:Invocation {trace_id: trace})
MATCH (p:Prompt {id: 'prompt-' + trace + '-' + i.span_id})
MATCH (u:User)-[:PERFORMED]->(e:AuditEvent {event_type: 'content.read'})-[:CONCERNS]->(p)
RETURN trace, round(usd, 4) AS usd, u.user_id AS read_by, toString(e.timestamp) AS at, e.reason AS why
ORDER BY usd DESC, at LIMIT 1"""
OF_AUDIT = {"Who read a prompt of the most expensive trace that anybody has looked into?": READERS}
OF_PRICES = {"Which model's price has changed most often, and what did it cost when?": PRICES}
TO_TRY: dict[str, str] = {
    "What does each model cost, how slow is it at worst, how often does it fail?": COSTS,
    "Which errors brought others down with them?": CAUSES,
    "Which agents were the dearest, with all the calls that they made?": AGENTS,
}


async def count_graph(graph: GraphConnection) -> tuple[dict[str, int], dict[str, int]]:
    """Count nodes by label and relationships by type, from the database's counters."""
    labels = [row["label"] for row in await graph.rows("CALL db.labels() YIELD label RETURN label ORDER BY label")]
    types = await graph.rows("CALL db.relationshipTypes() YIELD relationshipType AS type RETURN type ORDER BY type")
    nodes = {label: await _count(graph, f"MATCH (n:`{label}`)") for label in labels if label not in BOOKKEEPING}
    edges = {row["type"]: await _count(graph, f"MATCH ()-[n:`{row['type']}`]->()") for row in types}
    return {key: count for key, count in nodes.items() if count}, {key: count for key, count in edges.items() if count}


async def count_run(graph: GraphConnection, trace_ids: list[str]) -> dict[str, int]:
    """Count what the traces of this run added, under the names of ``Tally.expected``."""
    found = {row["name"]: row["found"] for row in await graph.rows(STATUSES, traces=trace_ids)}
    for name, cypher in CHECKS.items():
        found[name] = (await graph.rows(cypher, traces=trace_ids))[0]["found"]
    return found


async def known_traces(graph: GraphConnection, trace_ids: list[str]) -> int:
    """Count the Invocations of these traces that the graph has already."""
    return int((await graph.rows(CHECKS["Invocation"], traces=trace_ids))[0]["found"])


async def one_trace(graph: GraphConnection, trace_ids: list[str]) -> TraceView | None:
    """Return an interesting trace: several nested spans, with errors that triggered others if possible."""
    chosen = await graph.rows(INTERESTING_TRACE, traces=trace_ids) or await graph.rows(LARGEST_TRACE, traces=trace_ids)
    if not chosen:
        return None
    trace_id = chosen[0]["trace_id"]
    rows = await graph.rows(SPANS, trace_id=trace_id)
    sessions = [row.pop("session_id") for row in rows]
    return TraceView(trace_id, sessions[0], [SpanView(**row) for row in rows])


async def try_queries(graph: GraphConnection, *, prices: bool, audit: bool) -> list[Answer]:
    """Run the example queries; those about prices and readers only where the registry and the vault were read."""
    queries = TO_TRY | (OF_PRICES if prices else {}) | (OF_AUDIT if audit else {})
    return [Answer(question, cypher.strip(), await graph.rows(cypher)) for question, cypher in queries.items()]


async def _count(graph: GraphConnection, match: str) -> int:
    rows: list[dict[str, Any]] = await graph.rows(f"{match} RETURN count(n) AS found")
    return int(rows[0]["found"])
