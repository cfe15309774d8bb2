"""A worker loads the registry's history first, then keeps it up to date."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.end_to_end.events import AT, INVOCATION, fields_of
from tests.end_to_end.program import Program, until
from tests.end_to_end.scene import Scene
from tests.model.naive_registry_join import Row
from tests.model.written_history import CLEAR, history_statements

SENT = count()


@pytest.fixture
def model_id(scene: Scene) -> Iterator[str]:
    model_id = f"m-{scene.name}"
    register(scene, model_id, AT - 1, "1", "0.001")
    yield model_id
    scene.query(CLEAR, name=scene.name)


def register(scene: Scene, model_id: str, since: int, version: str, usd: str) -> None:
    row = Row(model_id, "acme", (), since, None, version, 1_000, (usd, usd, None, None))
    for statement in history_statements([row]):
        scene.query(statement.cypher, rows=statement.rows)


def called(scene: Scene, worker: Program, model_id: str) -> dict[str, Any]:
    """Send one more call; return its Invocation in the graph."""
    trace_id = f"{scene.name}-{next(SENT)}"
    about = {"model_id": model_id, "provider": "acme", "prompt_tokens": 100, "completion_tokens": 100}
    ids = {"event_id": f"{trace_id}-e", "trace_id": trace_id, "span_id": "s", "timestamp": AT + 1_000}
    log = scene.log()
    log.send(trace_id.encode(), scene.serializer()(INVOCATION, fields_of(INVOCATION, **ids, **about)))
    log.flush()
    scene.until_caught_up(worker)
    (row,) = scene.query(
        """
        MATCH (i:Invocation {trace_id: $trace_id})
        RETURN i.cost_usd_exact AS usd, i.price_source AS source, i.context_utilization AS utilization,
          [(i)-[:USES_VERSION]->(v) | v.version_id] AS versions
        """,
        trace_id=trace_id,
    )
    return row


def test_a_worker_prices_by_the_registry_from_its_first_record_and_follows_its_changes(
    scene: Scene, model_id: str
) -> None:
    with scene.start("worker.log") as worker:
        first = {"usd": "0.00020000", "source": "registry", "utilization": 0.2, "versions": [f"{model_id}@1"]}
        assert called(scene, worker, model_id) == first

        register(scene, model_id, AT, "2", "0.002")
        second = {"usd": "0.00040000", "source": "registry", "utilization": 0.2, "versions": [f"{model_id}@2"]}
        until(lambda: called(scene, worker, model_id) == second, "the second price", worker)

        scene.query("MATCH (p:Price {model_id: $model_id}) DETACH DELETE p", model_id=model_id)
        nothing: dict[str, Any] = {"usd": None, "source": "none", "utilization": None, "versions": []}
        until(lambda: called(scene, worker, model_id) == nothing, "no price", worker)
        assert worker.stop() == 0
