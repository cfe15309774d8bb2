"""A toy worker that adds numbers by key, to test the engine."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from workers.core.errors import Dropped, Rejected
from workers.core.record import ConsumedRecord, Decoded
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import KeyedState, WorkerSpec
from workers.testing import FakeGraph, record


@dataclass(slots=True)
class Sum:
    """The toy's state: the sum of a key."""

    total: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Add:
    """The toy's event. Without a key it needs no state."""

    key: str | None
    amount: int


def parse(decoded: Decoded, _now_ms: int) -> Add:
    if decoded.fields["amount"] == 0:
        raise Dropped("zero", "add")
    if decoded.fields["amount"] < 0:
        raise Rejected(Stage.VALIDATE, "number.negative", "amount is negative")
    return Add(decoded.fields["key"], decoded.fields["amount"])


def fold(state: Sum, event: Add, _offset: int) -> None:
    if event.amount == 666:
        raise Rejected(Stage.ENRICH, "toy.unlucky", "666 cannot be added")
    state.total += event.amount
    state.key = event.key or ""


def plan(states: Sequence[Sum]) -> Sequence[Statement]:
    return [Statement("sum", "UNWIND $rows AS row", [{"key": state.key, "total": state.total} for state in states])]


KEYED: KeyedState[Add, Sum] = KeyedState(
    key=lambda event: event.key,
    new=Sum,
    fold=fold,
    load=lambda packed: Sum(**json.loads(packed)),
    dump=lambda state: json.dumps({"total": state.total, "key": state.key}).encode(),
)

TOY: WorkerSpec[Add, Sum] = WorkerSpec(
    name="toy",
    source="observatory",
    parse=parse,
    plan=plan,
    event_type=lambda _: "add",
    state=KEYED,
)


def add(offset: int, key: str | None, amount: int) -> ConsumedRecord:
    return record("Add", {"key": key, "amount": amount}, offset=offset, timestamp=1_000 + offset)


def totals(graph: FakeGraph) -> dict[str, int]:
    """The last total of each key that the graph has."""
    return {row["key"]: row["total"] for statement in graph.written for row in statement.rows}  # type: ignore[call-overload]  # the toy's rows are maps


def refuse_totals_of(limit: int, graph: FakeGraph) -> None:
    """Let the graph refuse any batch with a total of ``limit`` or more."""
    graph.refuses = lambda statements: any(
        row["total"] >= limit  # type: ignore[call-overload]  # the toy's rows are maps
        for statement in statements
        if statement.name == "sum"
        for row in statement.rows
    )
