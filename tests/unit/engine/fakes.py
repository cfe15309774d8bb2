"""A toy worker and hand-written stand-ins for the ports, so that the runtime's order of steps can be watched."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.config.tuning import Breaker as BreakerTuning
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Dropped, Refused, Rejected
from workers.core.ports import NOTHING_WRITTEN, Claim
from workers.core.record import ConsumedRecord, Record, TopicPartition
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import Decoded, WorkerSpec
from workers.engine.resilience.breaker import Breaker
from workers.engine.resilience.retry import Server

TP = TopicPartition("sums", 0)


@dataclass(slots=True)
class Sum:
    """The toy's state: what has been added under a key."""

    total: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Add:
    """The toy's event; ``key`` ``None`` is an event without state."""

    key: str | None
    amount: int


def parse(decoded: Decoded, record: Record, now_ms: int) -> Add:
    if decoded.fields["amount"] == 0:
        raise Dropped("zero", "add")
    if decoded.fields["amount"] < 0:
        raise Rejected(Stage.VALIDATE, "number.negative", "amount is negative")
    return Add(decoded.fields["key"], decoded.fields["amount"])


def fold(state: Sum, event: Add) -> None:
    if event.amount == 666:
        raise Rejected(Stage.ENRICH, "toy.unlucky", "666 cannot be added")
    state.total += event.amount
    state.key = event.key or ""


def plan(states: Iterable[Sum]) -> Sequence[Statement]:
    return [Statement("sum", "UNWIND $rows AS row", [{"key": state.key, "total": state.total} for state in states])]


def load_state(packed: bytes) -> Sum:
    return Sum(**json.loads(packed))


def dump_state(state: Sum) -> bytes:
    return json.dumps({"total": state.total, "key": state.key}).encode()


TOY: WorkerSpec[Add, Sum] = WorkerSpec(
    name="toy",
    source="observatory",
    parse=parse,
    state_key=lambda event: event.key,
    new_state=Sum,
    load_state=load_state,
    dump_state=dump_state,
    fold=fold,
    plan=plan,
    event_type=lambda _: "add",
    trace_of=lambda _: None,
)


def add(offset: int, key: str | None, amount: int) -> ConsumedRecord:
    value = json.dumps({"key": key, "amount": amount}).encode()
    return ConsumedRecord(TP.topic, TP.partition, offset, 1_000 + offset, None, value)


class JsonDecoder:
    """Decodes the toy's records; ``broken`` ones are rejected."""

    async def fetch_schemas(self, records: Sequence[Record]) -> None:
        return None

    def decode(self, record: Record) -> Decoded:
        try:
            return Decoded("Add", json.loads(record.value or b""))
        except ValueError:
            raise Rejected(Stage.DECODE, "toy.not_json", "the value is not JSON") from None


@dataclass
class FakeGraph:
    """Keeps totals per key and the watermark; refuses any batch with a total of ``poison`` or more."""

    journal: list[str] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    watermark: int = NOTHING_WRITTEN
    poison: int | None = None
    fail_next: list[Exception] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    async def claim(self, worker: str, topic_partition: TopicPartition, topic_id: str) -> Claim:
        return Claim(worker, topic_partition, "token", self.watermark, refused=frozenset(self.refused))

    async def write(
        self, claim: Claim, through: int, statements: Sequence[Statement], refused: Sequence[int] = ()
    ) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)
        rows: list[Any] = [row for statement in statements for row in statement.rows]
        if any(self.poison is not None and row["total"] >= self.poison for row in rows):
            raise Refused("neo4j.constraint", "no such total")
        if self.watermark >= through:
            return
        self.totals |= {row["key"]: row["total"] for row in rows}
        self.watermark = through
        self.refused.update(refused)
        self.journal.append(f"graph {through}")


@dataclass
class FakeDeadLetters:
    journal: list[str]
    letters: list[DeadLetter] = field(default_factory=list)
    fail_next: list[Exception] = field(default_factory=list)

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)
        self.letters += letters
        self.journal.append(f"dead letters {[letter.record.offset for letter in letters]}")


@dataclass
class FakeChangelog:
    journal: list[str]
    fail_next: list[Exception] = field(default_factory=list)

    async def send(self, topic: str, partition: int, messages: Sequence[tuple[bytes, bytes | None]]) -> None:
        if self.fail_next:
            raise self.fail_next.pop(0)
        self.journal.append(f"table {sorted(key.decode() for key, _ in messages)}")


@dataclass
class FakeTable:
    """What ``StateTable`` uses of a Faust table."""

    data: dict[bytes, bytes] = field(default_factory=dict)
    changelog_topic_name: str = "sums-changelog"


class FakeClock:
    """Stands still unless told."""

    def __init__(self) -> None:
        self.now = 0.0

    def now_ms(self) -> int:
        return 1_000_000 + int(self.now * 1000)

    def monotonic(self) -> float:
        return self.now


def closed_breakers() -> dict[Server, Breaker]:
    """Breakers that never open in a test that is about something else."""
    tuning = BreakerTuning(minimum_failures=1_000)
    return {server: Breaker(tuning, FakeClock(), lambda _: None) for server in Server}
