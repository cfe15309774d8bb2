"""A graph as the statements leave it, with one model that nearly all calls use, and one error that caused all others.

Ids begin with the prefix of the run. A trace has ``SPANS`` calls; the last one is of the quiet model.
"""

from typing import Any, NamedTuple

from workers.dev.bench.graph_access import RunGraph

SPANS = 10
TRACES_AT_ONCE = 500
"""Traces of one transaction."""
NODES_AT_ONCE = 5_000
PROVIDER = "openai"


class Names(NamedTuple):
    """The keys of the nodes of a run."""

    run: str

    @property
    def hot(self) -> str:
        """Return the busy Model."""
        return f"{self.run}-hot"

    @property
    def quiet(self) -> str:
        """Return the other Model."""
        return f"{self.run}-quiet"

    @property
    def version(self) -> str:
        """Return the ModelVersion of nearly all calls."""
        return f"{self.run}-hot@1"

    @property
    def cause(self) -> str:
        """Return the Error that caused all others."""
        return f"{self.run}-cause"

    def trace(self, number: int) -> str:
        """Return a trace."""
        return f"{self.run}-t{number}"

    def key(self, trace: int, span: int | str) -> str:
        """Return the key of an Invocation."""
        return f"{self.trace(trace)}/{span}"

    def error(self, trace: int) -> str:
        """Return the Error of a trace's first call."""
        return f"{self.run}-e{trace}"


DENSE = """
MERGE (:Model {model_id: $hot})
MERGE (:Model {model_id: $quiet})
MERGE (:ModelVersion {version_id: $version})
MERGE (:Error {id: $cause})
"""

TRACES = f"""
MATCH (hot:Model {{model_id: $hot}}) MATCH (quiet:Model {{model_id: $quiet}})
MATCH (version:ModelVersion {{version_id: $version}}) MATCH (cause:Error {{id: $cause}})
UNWIND range($first, $last) AS t
CALL (t, hot, quiet, version, cause) {{
  UNWIND range(0, {SPANS - 1}) AS s
  CREATE (i:Invocation {{key: $run + '-t' + t + '/' + s, id: $run + '-' + t + '-' + s, trace_id: $run + '-t' + t,
    span_id: toString(s), status: 'SUCCESS', provider: '{PROVIDER}', token_count: 100, latency_ms: 5.0,
    timestamp: datetime({{epochMillis: 1700000000000 + 1000 * t + s}}),
    model_id: CASE s WHEN {SPANS - 1} THEN $quiet ELSE $hot END}})
  WITH t, hot, quiet, version, cause, collect(i) AS spans
  CALL (spans, hot, version) {{
    UNWIND spans[..-1] AS i CREATE (i)-[:USES_MODEL]->(hot) CREATE (i)-[:USES_VERSION]->(version)
  }}
  CALL (spans) {{
    UNWIND range(1, {SPANS - 1}) AS s
    WITH spans[0] AS root, spans[s - 1] AS before, spans[s] AS i
    CREATE (i)-[:CHILD_OF]->(root) CREATE (before)-[:FOLLOWED_BY {{duration_ms: 1}}]->(i)
  }}
  WITH t, spans[0] AS first, spans[-1] AS last, hot, quiet, cause
  CREATE (last)-[:USES_MODEL]->(quiet)
  CREATE (first)-[:HAS_METRIC]->(:PerformanceMetric {{id: $run + '-p' + t, metric_type: 'latency', value: 5.0}})
  CREATE (first)-[:CAUSED_ERROR]->(:Error {{id: $run + '-e' + t, error_type: 'timeout'}})-[:TRIGGERED_BY]->(cause)
  CREATE (hot)-[:HAS_METRIC]->(:PerformanceMetric {{id: $run + '-a' + t, metric_type: 'hourly', value: 5.0,
    model_id: $hot, provider: '{PROVIDER}', timestamp: datetime({{epochMillis: 1700000000000 + 1000 * t}})}})
  CREATE (:ModelName {{id: '{PROVIDER}/' + $run + '-n' + t, provider: '{PROVIDER}', name: $run + '-n' + t,
    meaning: '[]', open: false, model_ids: [$hot]}})
}}
"""

OF_RUN = (
    "MATCH (n:Invocation) WHERE n.trace_id STARTS WITH $run",
    "MATCH (n:PerformanceMetric) WHERE n.id STARTS WITH $run",
    "MATCH (n:Error) WHERE n.id STARTS WITH $run",
    f"MATCH (n:ModelName) WHERE n.id STARTS WITH '{PROVIDER}/' + $run",
    "MATCH (n:Price) WHERE n.price_id STARTS WITH $run",
    "MATCH (n:ModelVersion) WHERE n.version_id STARTS WITH $run",
    "MATCH (n:Model) WHERE n.model_id STARTS WITH $run",
)
"""What a run adds. Many small nodes come before the few that they refer to."""


async def fill(graph: RunGraph, names: Names, before: int, calls: int) -> None:
    """Add the traces that a graph of ``calls`` has and one of ``before`` has not."""
    dense: dict[str, Any] = {name: getattr(names, name) for name in ("run", "hot", "quiet", "version", "cause")}
    await graph.rows(DENSE, **dense)
    for first in range(before // SPANS, calls // SPANS, TRACES_AT_ONCE):
        last = min(first + TRACES_AT_ONCE, calls // SPANS) - 1
        await graph.rows(TRACES, first=first, last=last, **dense)


async def clear(graph: RunGraph, run: str) -> None:
    """Delete all nodes of the run."""
    for of_run in OF_RUN:
        deleted = 1
        while deleted:
            cypher = f"{of_run} WITH n LIMIT {NODES_AT_ONCE} DETACH DELETE n RETURN count(*) AS deleted"
            deleted = (await graph.rows(cypher, run=run))[0]["deleted"]
