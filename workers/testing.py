"""Test a worker without servers: run batches through the real engine, with fakes of Kafka and Neo4j.

```python
async def test_a_score_becomes_a_node() -> None:
    worker = WorkerUnderTest(FEEDBACK.build(FeedbackOptions(topic="t", group="g"), has_api=False))
    await worker.run_batch([record("com.example.Feedback", {"score": 3}, key=b"trace-1")])
    assert worker.rows("Feedback") == [{"score": 3}]
```
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic
from uuid import uuid4

from workers.config.worker_options import Breaker as BreakerOptions
from workers.config.worker_options import DeadLetterLimit
from workers.config.worker_options import Retry as RetryOptions
from workers.config.worker_options import Throttle as ThrottleOptions
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Fenced, Refused, Rejected
from workers.core.metric import MetricSpec
from workers.core.ports import NOTHING_WRITTEN, Claim, Decoder, Watermark
from workers.core.record import ConsumedRecord, Decoded, Record, TopicPartition
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import EventT, StateT, WorkerSpec
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivery import Delivered, Delivery
from workers.engine.batch.measure import measure_batch, report_batch
from workers.engine.batch.parked_keys import COUNT, FORGET, PARK, READ
from workers.engine.health import WorkerHealth
from workers.engine.resilience.breaker import Breaker
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry, Server
from workers.engine.resilience.throttle import Throttle
from workers.engine.resilience.writers import Writers
from workers.engine.sinks import Sinks
from workers.engine.state.states import WRITE_STATES
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics

PARTITION = TopicPartition("records-under-test", 0)


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
    """A graph writer that keeps the statements of each batch, the watermark, and the states.

    ``states``     parts of states by key; those of a worker that stores its own parts must be put there by the test
    ``parked``     the offsets that wait, by the id of the parked key
    ``journal``    one line for each write, shared with the other fakes, to check the order of writes
    ``refuses``    decides whether the database refuses a batch for its content
    ``fail_next``  errors for the next reads and writes; ``check_fails_next`` for the next checks
    """

    journal: list[str] = field(default_factory=list)
    written: list[Statement] = field(default_factory=list)
    states: dict[str, Sequence[bytes]] = field(default_factory=dict)
    parked: dict[str, list[int]] = field(default_factory=dict)
    watermark: int = NOTHING_WRITTEN
    token: str = ""
    epoch: int = 0
    refuses: Callable[[Sequence[Statement]], bool] = lambda _: False
    fail_next: list[Exception] = field(default_factory=list)
    check_fails_next: list[Exception] = field(default_factory=list)

    async def claim(self, worker: str, topic_partition: TopicPartition, topic_id: str) -> Claim:  # noqa: ARG002 - the port's signature
        self.token = uuid4().hex
        return Claim(worker, topic_partition, self.token, self.watermark, self.epoch)

    async def write(self, claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        if self.fail_next:
            raise self.fail_next.pop(0)
        if self.refuses(statements):
            raise Refused("neo4j.constraint", "the test's graph refuses this batch")
        if (claim.token, through) == (self.token, self.watermark):
            return replace(claim, offset=through)
        if (claim.token, claim.offset) != (self.token, self.watermark):
            raise Fenced("the test's graph has another owner or offset")
        for statement in statements:
            if statement.cypher == WRITE_STATES.cypher:
                self._keep(claim.worker, statement.rows)
            elif statement.name.startswith("ParkedKey"):
                self._park(statement)
            else:
                self.written.append(statement)
        self.watermark = through
        self.journal.append(f"graph {through}")
        return replace(claim, offset=through)

    def _keep(self, worker: str, rows: Sequence[Any]) -> None:
        self.states.update((id_.removeprefix(f"{worker}/"), [state]) for id_, state in rows)

    def _park(self, statement: Statement) -> None:
        for id_, *row in map(list, statement.rows):
            if statement.name == FORGET.name:
                self.parked = {each: offsets for each, offsets in self.parked.items() if not each.startswith(id_)}
            elif statement.name == PARK.name:
                self.parked[id_] = self.parked.get(id_, []) + row[-2]
            elif id_ in self.parked:
                left, joined, _ = row
                self.parked[id_] = [each for each in self.parked[id_] if each not in left] + joined
                self.parked = {each: offsets for each, offsets in self.parked.items() if offsets}

    async def watermarks(self, worker: str, topic: str) -> Mapping[int, Watermark]:  # noqa: ARG002 - the port's signature
        if self.fail_next:
            raise self.fail_next.pop(0)
        return {PARTITION.partition: Watermark(self.token, self.watermark)}

    async def check(self, claim: Claim) -> None:
        if self.check_fails_next:
            raise self.check_fails_next.pop(0)
        if (claim.token, claim.offset) != (self.token, self.watermark):
            raise Fenced("the test's graph has another owner or offset")

    async def next_keys(self, cypher: str, after: str) -> Sequence[str]:  # noqa: ARG002 - the port's signature
        """Return the next two keys of ``states``."""
        return sorted(key for key in self.states if key > after)[:2]

    async def stored(self, cypher: str, worker: str, keys: Sequence[str]) -> Mapping[str, Sequence[Any]]:  # noqa: ARG002 - the port's signature
        if self.fail_next:
            raise self.fail_next.pop(0)
        if cypher == COUNT:
            return {key: [sum(id_.startswith(key) for id_ in self.parked), None] for key in keys}
        found: Mapping[str, Sequence[Any]] = self.parked if cypher == READ else self.states
        return {key: found[key] for key in keys if found.get(key)}


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


def closed_breakers() -> dict[str, Breaker]:
    """Return circuit breakers that never open."""
    options = BreakerOptions(minimum_failures=1_000)
    return {server: Breaker(lambda: options, FakeClock(), lambda _: None) for server in Server}


class WorkerUnderTest(Generic[EventT, StateT]):
    """A worker with one partition, over fakes. Batches are delivered as in production, in the same order of writes.

    ``strict`` is the option ``order: strict`` of ``topology.yaml``. ``decoder`` reads other values.
    """

    def __init__(
        self,
        spec: WorkerSpec[EventT, StateT],
        metrics: Sequence[MetricSpec] = (),
        *,
        strict: bool = False,
        decoder: Decoder | None = None,
    ) -> None:
        self.spec = spec
        self.decoder = decoder or JsonDecoder()
        self.strict = strict
        self.journal: list[str] = []
        self.clock = FakeClock()
        self.graph = FakeGraph(self.journal)
        self.dead_letters = FakeDeadLetters(self.journal)
        self.table: OrderedDict[bytes, bytes] = OrderedDict()
        self.metrics = Metrics(metrics)
        self.health = WorkerHealth(self.clock)
        self.sinks = self._sinks()
        self.claim()

    def claim(self, epoch: int = 0) -> None:
        """Claim the partition again, as after a rebalance: nothing in memory counts any more."""
        self.graph.token, self.graph.epoch = uuid4().hex, epoch
        claim = Claim(self.spec.name, PARTITION, self.graph.token, self.graph.watermark, epoch)
        self._delivery = Delivery(self.spec, f"memory-graph-{self.spec.name}", claim, self.sinks, strict=self.strict)

    async def run_batch(self, records: Sequence[Record]) -> Delivered:
        """Decode, fold and write records, which are in offset order. Raises what the delivery raises."""
        await self.decoder.prepare(records)
        batch = decode_batch(self.spec, self.decoder, self.clock, records)
        delivered = await self._delivery.deliver(batch, records[-1].offset)
        received = measure_batch(self.metrics, self.spec, batch, delivered, 0.0)
        report_batch(self.spec, received, delivered, self.sinks)
        return delivered

    def rows(self, statement: str) -> list[Any]:
        """Return all rows that were written by the statements of a name."""
        return [row for each in self.graph.written if each.name == statement for row in each.rows]

    def sample(self, name: str, **labels: str) -> float | None:
        """Return the value of a metric, whose name is without the prefix ``llm_memory_graph_``."""
        return self.metrics.registry.get_sample_value(f"llm_memory_graph_{name}", labels)

    def _sinks(self) -> Sinks:
        retry, waits = RetryOptions(initial_ms=1, max_ms=1), self.health.partition(PARTITION)
        return Sinks(
            writer=self.graph,
            dead_letters=self.dead_letters,
            states=StateTable(self.table, lambda: 1_000),
            retry=Retry(self.spec.name, lambda: retry, closed_breakers(), waits, self.metrics),
            throttle=Throttle(ThrottleOptions, self.clock),
            dead_letter_limiter=DeadLetterLimiter(DeadLetterLimit, self.clock, self.health),
            transactions=Writers(lambda: 4),
            health=waits,
            metrics=self.metrics,
            clock=self.clock,
        )


async def run_batch(spec: WorkerSpec[EventT, StateT], records: Sequence[Record]) -> WorkerUnderTest[EventT, StateT]:
    """Run one batch through a new worker over fakes; return it, to look at what was written."""
    worker = WorkerUnderTest(spec)
    await worker.run_batch(records)
    return worker
