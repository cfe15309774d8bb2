"""The graph to fill: empty, or begun by a rebuild; never the live one, nor one that workers have claimed."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import GraphSettings, Settings
from workers.core.errors import Fenced, Misconfigured, Unreachable

TOKEN = "rebuild-"  # noqa: S105 - it begins the token of a claim, which is no secret
DATABASE = "CALL db.info() YIELD id RETURN id"
SOMETHING = "MATCH (n) WHERE NOT n:Migration RETURN labels(n) AS labels LIMIT 1"
MARKS = "MATCH (w:Watermark) RETURN w.id AS id, w.token AS token, w.topic_id AS topic_id ORDER BY id"
OTHERS = "MATCH (w:Watermark) WHERE NOT w.token STARTS WITH $ours RETURN w.id AS id LIMIT 1"
EMPTY_IT = "name an empty database in NEW_NEO4J_URI"


def rebuild_token() -> str:
    """Return the token of a claim by a rebuild: workers have others, so who wrote a graph last is known by it."""
    return TOKEN + uuid4().hex


def with_target(settings: Settings) -> Settings:
    """Return the settings with the new graph in place of the live one. Raises ``Misconfigured`` without a new one."""
    if not settings.new_neo4j.uri:
        raise Misconfigured(
            "no graph to fill is named: give --into bolt://HOST:PORT or set NEW_NEO4J_URI, and set NEW_NEO4J_PASSWORD "
            "(or NEW_NEO4J_PASSWORD_FILE)"
        )
    return settings.model_copy(update={"neo4j": settings.new_neo4j})


async def require_another(live: GraphSettings, target: GraphSettings, graph: GraphConnection) -> None:
    """Raise ``Misconfigured`` where the new graph is the live one. A live one that does not answer is another."""
    same_address = (live.uri.rstrip("/"), live.database) == (target.uri.rstrip("/"), target.database)
    if same_address or await _database(graph) == await _database_of(live):
        raise Misconfigured(f"{target.uri} is the live graph of NEO4J_URI: {EMPTY_IT}")


async def require_fillable(target: GraphSettings, graph: GraphConnection, topic_ids: Mapping[str, str]) -> bool:
    """Return whether a rebuild has begun in it. ``topic_ids`` has the id of each topic.

    Raises ``Misconfigured`` where it has anything else.
    """
    found = await graph.rows(SOMETHING)
    if not found:
        return False
    marks = await graph.rows(MARKS)
    if not marks:
        raise Misconfigured(f"{target.uri} has nodes, such as {':'.join(found[0]['labels'])}: {EMPTY_IT}")
    for mark in marks:
        if not (mark["token"] or "").startswith(TOKEN):
            raise Misconfigured(
                f"{target.uri} is in use, a worker has claimed {mark['id']}: {EMPTY_IT}; after the switch there is "
                "nothing left to rebuild"
            )
        _require_topic(target, mark, topic_ids)
    return True


async def require_no_worker(graph: GraphConnection) -> None:
    """Raise ``Fenced`` where a worker has claimed a partition of the new graph: it must not be claimed back."""
    for row in await graph.rows(OTHERS, ours=TOKEN):
        raise Fenced(f"a worker has claimed {row['id']}")


def _require_topic(target: GraphSettings, mark: Mapping[str, Any], topic_ids: Mapping[str, str]) -> None:
    topic = mark["id"].split("/")[1]
    if mark["topic_id"] != topic_ids.get(topic):
        raise Misconfigured(
            f"{target.uri} was begun from another topic {topic}, or one that was deleted since: {EMPTY_IT}"
        )


async def _database(graph: GraphConnection) -> str:
    (row,) = await graph.rows(DATABASE)
    return str(row["id"])


async def _database_of(settings: GraphSettings) -> str | None:
    try:
        async with GraphConnection(settings) as graph:
            return await _database(graph)
    except (Unreachable, Misconfigured):
        return None
