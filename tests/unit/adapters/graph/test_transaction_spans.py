from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self, cast

import neo4j
import pytest
from neo4j.exceptions import ConstraintError
from opentelemetry.trace import SpanKind

from tests.unit.observe.collected import Collected, consumed
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.graph.writer import Neo4jWriter
from workers.core.errors import Refused
from workers.core.ports import Claim
from workers.core.record import TopicPartition
from workers.core.reference import Query
from workers.core.statement import Statement

CLAIM = Claim("toy", TopicPartition("topic", 0), "token", 6)


class Driver:
    """Stands for the driver, its session and its result: each query returns ``rows``, or raises ``error``."""

    def __init__(self, *rows: Mapping[str, Any]) -> None:
        self.rows = rows
        self.error: Exception | None = None

    def session(self, **_config: Any) -> Self:
        return self

    async def run(self, _query: neo4j.Query, _parameters: Mapping[str, Any]) -> Self:
        if self.error is not None:
            raise self.error
        return self

    async def consume(self) -> None:
        return None

    async def __aiter__(self) -> AsyncIterator[Mapping[str, Any]]:
        for row in self.rows:
            yield row

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        return None


def writer(driver: Driver, tracing: Collected) -> Neo4jWriter:
    return Neo4jWriter(cast("neo4j.AsyncDriver", driver), "llm", tracing=tracing)


async def test_each_transaction_of_a_batch_is_a_span_inside_it_without_any_parameter() -> None:
    tracing, driver = Collected(), Driver({"key": "a", "parts": [], "offset": 6, "owned": True})
    writes = writer(driver, tracing)
    with tracing.batch("toy", "group", [consumed(7)]):
        await writes.stored("RETURN $keys", "toy", ["never shown"])
        await writes.write(CLAIM, 7, [Statement("sum", "UNWIND $rows AS row", [{"prompt": "never shown"}])])
        await writes.check(CLAIM)

    *transactions, batch = tracing.spans()
    assert [span.name for span in transactions] == ["read states llm", "write llm", "check llm"]
    for span in transactions:
        assert (span.kind, span.parent) == (SpanKind.CLIENT, batch.context)
        assert set(span.attributes or {}) == {"db.system.name", "db.namespace", "db.operation.name"}
        assert "never shown" not in span.to_json()


async def test_a_refused_transaction_has_the_drivers_error_as_its_type_and_nothing_of_its_message() -> None:
    tracing, driver = Collected(), Driver()
    driver.error = ConstraintError("a node with `prompt` = 'never shown' exists")
    with tracing.batch("toy", "group", [consumed(7)]), pytest.raises(Refused):
        await writer(driver, tracing).write(CLAIM, 7, [])

    transaction, _ = tracing.spans()
    assert (transaction.attributes or {})["error.type"] == "neo4j.exceptions.ConstraintError"
    assert "never shown" not in transaction.to_json()


async def test_a_claim_and_the_look_at_the_watermarks_make_no_traces_of_their_own() -> None:
    tracing = Collected()
    writes = writer(Driver({"offset": 6, "epoch": 0, "partition": 0, "token": "token"}), tracing)
    await writes.claim("toy", CLAIM.topic_partition, "topic-id")
    await writes.watermarks("toy", "topic")

    assert tracing.spans() == ()


async def test_what_a_step_records_is_a_span_inside_the_step() -> None:
    tracing, driver = Collected(), cast("neo4j.AsyncDriver", Driver())
    with tracing.step("toy", "job", None):
        await Neo4jRecorder(driver, "llm", tracing).record(Query("SET $secret", {"secret": "never shown"}))

    transaction, step = tracing.spans()
    assert (transaction.name, transaction.kind, transaction.parent) == ("record llm", SpanKind.CLIENT, step.context)
    assert "never shown" not in transaction.to_json()
