"""Calls that telemetry's job ``model_names`` still has to move: the registry has changed what their name means."""

from collections.abc import Mapping
from typing import Any

from workers.adapters.graph.connection import GraphConnection
from workers.core.node_key import model_name_id
from workers.ops.graph_check.compare import Difference, Judged
from workers.ops.graph_check.report import Compared
from workers.ops.graph_check.traces.by_itself import Book

MEANING = "MATCH (n:ModelName {id: $id}) RETURN n.meaning AS meaning, n.check_at IS NOT NULL AS waits"


async def without_moves(graph: GraphConnection, book: Book, judged: Judged, compared: Compared) -> list[Difference]:
    """Return the differences of a trace without those that the job will end; count these as lag."""
    certain: list[Difference] = []
    for each in judged.differences:
        if each.leads_to_model and await _is_moving(graph, book, _named(judged, each)):
            compared.moving += 1
        else:
            certain.append(each)
    return certain


def _named(judged: Judged, difference: Difference) -> Mapping[str, Any]:
    """Return the properties of the call or the metric, which has the name of the model."""
    node = difference.node if difference.node[0] == "Invocation" else difference.other
    return judged.expected.nodes.get(node) or judged.found.nodes.get(node) or {}


async def _is_moving(graph: GraphConnection, book: Book, named: Mapping[str, Any]) -> bool:
    provider, name = str(named.get("provider")), str(named.get("model_id"))
    rows = await graph.rows(MEANING, id=model_name_id(provider, name))
    return any(row["waits"] or row["meaning"] != book.meaning(provider, name).text for row in rows)
