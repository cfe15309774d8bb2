"""Into which graphs a rebuild writes, and into which it does not."""

from typing import Any, Self

import pytest

from workers.config.settings import Neo4jSettings, NewNeo4jSettings, Settings
from workers.core.errors import Fenced, Misconfigured, Unreachable
from workers.ops.rebuild import target as module
from workers.ops.rebuild.target import (
    MARKS,
    OTHERS,
    SOMETHING,
    rebuild_token,
    require_another,
    require_fillable,
    require_no_worker,
    with_target,
)

NEW = NewNeo4jSettings(uri="bolt://new:7687")
IDS = {"calls": "id-1"}


class Graph:
    """A graph with some labels, watermarks, and the id of its database."""

    def __init__(self, *labels: str, marks: list[dict[str, str]] | None = None, database: str = "new") -> None:
        self.labels, self.marks, self.database = labels, marks or [], database

    async def rows(self, cypher: str, ours: str = "") -> list[dict[str, Any]]:
        if cypher == OTHERS:
            return [each for each in self.marks if not each["token"].startswith(ours)][:1]
        if cypher == SOMETHING:
            return [{"labels": [each]} for each in self.labels[:1]]
        return list(self.marks) if cypher == MARKS else [{"id": self.database}]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


def mark(token: str, topic_id: str = "id-1") -> dict[str, str]:
    return {"id": "telemetry/calls/0", "token": token, "topic_id": topic_id}


async def begun(graph: Graph) -> bool:
    return await require_fillable(NEW, graph, IDS)  # type: ignore[arg-type]  # it only asks


async def test_an_empty_graph_and_one_that_a_rebuild_has_begun_are_filled() -> None:
    assert await begun(Graph()) is False
    assert await begun(Graph("Model", marks=[mark(rebuild_token()), mark(rebuild_token())])) is True


@pytest.mark.parametrize(
    ("graph", "says"),
    [
        pytest.param(Graph("Person"), "has nodes, such as Person", id="somebody's graph"),
        pytest.param(Graph("Model", marks=[mark(rebuild_token()), mark("3f2a")]), "is in use", id="a worker's graph"),
        pytest.param(
            Graph("Model", marks=[mark(rebuild_token(), "id-2")]), "was begun from another topic", id="another"
        ),
    ],
)
async def test_any_other_graph_is_refused_with_the_fix(graph: Graph, says: str) -> None:
    with pytest.raises(Misconfigured, match=f"{says}.*name an empty database in NEW_NEO4J_URI"):
        await begun(graph)


async def test_a_partition_is_not_claimed_back_from_a_worker() -> None:
    await require_no_worker(Graph(marks=[mark(rebuild_token())]))  # type: ignore[arg-type]  # it only asks
    with pytest.raises(Fenced, match="a worker has claimed telemetry/calls/0"):
        await require_no_worker(Graph(marks=[mark(rebuild_token()), mark("3f2a")]))  # type: ignore[arg-type]  # same as above


@pytest.mark.parametrize(
    ("live_uri", "live_database", "same"),
    [("bolt://new:7687/", None, True), ("bolt://alias:7687", "new", True), ("bolt://live:7687", "live", False)],
)
async def test_the_live_graph_is_refused_by_its_address_or_its_database(
    monkeypatch: pytest.MonkeyPatch, live_uri: str, live_database: str | None, *, same: bool
) -> None:
    def connection(_: object) -> Graph:
        if live_database is None:
            raise Unreachable("it is lost")
        return Graph(database=live_database)

    monkeypatch.setattr(module, "GraphConnection", connection)
    asked = require_another(Neo4jSettings(uri=live_uri), NEW, Graph())  # type: ignore[arg-type]  # it only asks
    if same:
        with pytest.raises(Misconfigured, match="is the live graph of NEO4J_URI"):
            await asked
    else:
        await asked


def test_the_new_graph_takes_the_place_of_the_live_one() -> None:
    with pytest.raises(Misconfigured, match="--into bolt://HOST:PORT or set NEW_NEO4J_URI"):
        with_target(Settings())
    assert with_target(Settings(new_neo4j=NEW)).neo4j is NEW  # type: ignore[comparison-overlap]  # it stands for it
