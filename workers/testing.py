"""Test a worker without servers: run batches through the real engine, with fakes of Kafka and Neo4j.

```python
async def test_a_score_becomes_a_node() -> None:
    worker = WorkerUnderTest(FEEDBACK.build(FeedbackOptions(topic="t", group="g"), has_api=False))
    await worker.run_batch([record("com.example.Feedback", {"score": 3}, key=b"trace-1")])
    assert worker.rows("Feedback") == [{"score": 3}]
```
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from workers.config.worker_options import Breaker as BreakerOptions
from workers.config.worker_options import DeadLetterLimit
from workers.config.worker_options import Retry as RetryOptions
from workers.config.worker_options import Throttle as ThrottleOptions
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Refused, Rejected
from workers.core.metric import MetricSpec
from workers.core.ports import NOTHING_WRITTEN, Claim
from workers.core.record import ConsumedRecord, Decoded, OutgoingRecord, Record, TopicPartition
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import EventT, StateT, WorkerSpec
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivery import Delivered, Delivery, Sinks
from workers.engine.batch.measure import measure_batch, report_batch
from workers.engine.health import WorkerHealth
from workers.engine.resilience.breaker import Breaker
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry, Server
from workers.engine.resilience.throttle import Throttle
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics

PARTITION = TopicPartition("records-under-test", 0)
LINEAGE = "0" * 32


def record(
    record_name: str, fields: Mapping[str, Any], *, key: bytes | None = None, offset: int = 0, timestamp: int = 0
) -> ConsumedRecord:
    """Return a record whose value ``JsonDecoder`` decodes to ``fields``. ``timestamp`` is epoch milliseconds."""
    value = json.dumps([record_name, fields]).encode()
    return ConsumedRecord(PARTITION.topic, PARTITION.partition, offset, timestamp, key, value)


class JsonDecoder:
    """A decoder of the values that ``record`` makes. Any other value is rejected at DECODE."""

    server = Server.SCHEMA_REGISTRY

    async def prepare(self, records: Sequence[Record]) -> None:  # noqa: ARG002 - the port's signature
        return None

    def decode(self, record: Record) -> Decoded:
        try:
            return Decoded(*json.loads(record.value or b""))
        except (ValueError, TypeError):
            raise Rejected(Stage.DECODE, "test.not_json", "the value is not a record of workers.testing") from None


class FakeClock:
    """A clock that only moves when a test sets ``now``, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def now_ms(self) -> int:
        return 1_000_000 + int(self.now * 1000)

    def monotonic(self) -> float:
        return self.now


@dataclass
class FakeGraph:
    """A graph writer that keeps the statements of each batch and the watermark.

    ``journal``    one line for each write, shared with the other fakes, to check the order of writes
    ``refuses``    decides whether the database refuses a batch for its content
    ``fail_next``  errors for the next writes
    """

    journal: list[str] = field(default_factory=list)
    written: list[Statement] = field(default_factory=list)
    watermark: int = NOTHING_WRITTEN
    lineage: str = LINEAGE
    refused: set[int] = field(default_factory=set)
    refuses: Callable[[Sequence[Statement]], bool] = lambda _: False
    fail_next: list[Exception] = field(default_factory=list)

    async def claim(self, worker: str, topic_partition: TopicPartition, topic_id: str) -> Claim:  # noqa: ARG002 - the port's signature
        refused = frozenset(self.refused)
        return Claim(worker, topic_partition, "token", self.watermark, self.lineage, refused=refused)

    async def write(
        self,
        claim: Claim,  # noqa: ARG002 - the port's signature
        through: int,
        statements: Sequence[Statement],
        refused: Sequence[int] = (),
    ) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)
        if self.refuses(statements):
            raise Refused("neo4j.constraint", "the test's graph refuses this batch")
        if self.watermark >= through:
            return
        self.written += statements
        self.watermark = through
        self.refused.update(refused)
        self.journal.append(f"graph {through}")


@dataclass
class FakeDeadLetters:
    """A dead-letter topic that keeps its letters."""

    journal: list[str] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    fail_next: list[Exception] = field(default_factory=list)

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)
        self.letters += letters
        self.journal.append(f"dead letters {[letter.record.offset for letter in letters]}")


@dataclass
class FakeChangelog:
    """A changelog topic that only notes its keys."""

    journal: list[str] = field(default_factory=list)
    fail_next: list[Exception] = field(default_factory=list)

    async def send(self, records: Sequence[OutgoingRecord]) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)
        self.journal.append(f"table {sorted((record.key or b'').decode() for record in records)}")


@dataclass
class FakeTable:
    """The part of a Faust table that ``StateTable`` uses."""

    data: dict[bytes, bytes] = field(default_factory=dict)
    changelog_topic_name: str = "records-under-test-changelog"


def closed_breakers() -> dict[str, Breaker]:
    """Return circuit breakers that never open."""
    options = BreakerOptions(minimum_failures=1_000)
    return {server: Breaker(options, FakeClock(), lambda _: None) for server in Server}


class WorkerUnderTest(Generic[EventT, StateT]):
    """A worker with one partition, over fakes. Batches are delivered as in production, in the same order of writes."""

    def __init__(self, spec: WorkerSpec[EventT, StateT], metrics: Sequence[MetricSpec] = ()) -> None:
        self.spec = spec
        self.journal: list[str] = []
        self.clock = FakeClock()
        self.graph = FakeGraph(self.journal)
        self.dead_letters = FakeDeadLetters(self.journal)
        self.changelog = FakeChangelog(self.journal)
        self.table = FakeTable()
        self.metrics = Metrics(metrics)
        self.health = WorkerHealth(self.clock)
        self.sinks = self._sinks()
        self.claim()

    def claim(self, lineage: str = LINEAGE, epoch: int = 0) -> None:
        """Claim the partition again, as after a rebalance; another ``lineage`` means another graph."""
        refused = frozenset(self.graph.refused)
        claim = Claim(self.spec.name, PARTITION, "token", self.graph.watermark, lineage, epoch, refused)
        self._delivery = Delivery(self.spec, f"memory-graph-{self.spec.name}", claim, self.sinks)

    async def run_batch(self, records: Sequence[Record]) -> Delivered:
        """Decode, fold and write records, which are in offset order. Raises what the delivery raises."""
        batch = decode_batch(self.spec, JsonDecoder(), self.clock, records)
        delivered = await self._delivery.deliver(batch, records[-1].offset)
        received = measure_batch(self.metrics, self.spec, batch, delivered, 0.0)
        report_batch(self.spec, received, delivered, self.sinks)
        return delivered

    async def catch_up(self, records: Sequence[Record]) -> None:
        """Fold records that the graph already has, as after a crash before the table was written."""
        await self._delivery.catch_up(decode_batch(self.spec, JsonDecoder(), self.clock, records))

    def rows(self, statement: str) -> list[Any]:
        """Return all rows that were written by the statements of a name."""
        return [row for each in self.graph.written if each.name == statement for row in each.rows]

    def sample(self, name: str, **labels: str) -> float | None:
        """Return the value of a metric, whose name is without the prefix ``llm_memory_graph_``."""
        return self.metrics.registry.get_sample_value(f"llm_memory_graph_{name}", labels)

    def _sinks(self) -> Sinks:
        retry = RetryOptions(initial_ms=1, max_ms=1)
        return Sinks(
            writer=self.graph,
            dead_letters=self.dead_letters,
            states=StateTable(self.table, self.changelog),
            retry=Retry(self.spec.name, retry, closed_breakers(), self.health, self.metrics),
            throttle=Throttle(ThrottleOptions(), self.clock),
            dead_letter_limiter=DeadLetterLimiter(DeadLetterLimit(), self.clock, self.health),
            transactions=asyncio.Semaphore(4),
            metrics=self.metrics,
            clock=self.clock,
        )


async def run_batch(spec: WorkerSpec[EventT, StateT], records: Sequence[Record]) -> WorkerUnderTest[EventT, StateT]:
    """Run one batch through a new worker over fakes; return it, to look at what was written."""
    worker = WorkerUnderTest(spec)
    await worker.run_batch(records)
    return worker
