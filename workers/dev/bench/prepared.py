"""The rows of the bare writer: what our worker would write, computed in advance."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import msgpack

from workers.core.record import Decoded, Record
from workers.core.statement import Statement
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.worker import build

ROWS = 1_000
"""Records of one transaction, as in ``topology.yaml``."""


class Batch(NamedTuple):
    """One transaction of one partition: Cypher and rows of each statement, in order."""

    partition: int
    statements: list[tuple[str, Any]]


def plan_batches(
    records: Sequence[Record], decode: Callable[[Record], Decoded], now_ms: int
) -> Iterator[Sequence[Statement]]:
    """Process the records of one partition with our worker's own steps, batch by batch."""
    worker = build(TelemetryOptions(topic="bench", group="bench"), has_api=False)
    keyed, states = worker.state, dict[str, bytes]()
    if keyed is None:
        raise TypeError("telemetry has state by key")
    for start in range(0, len(records), ROWS):
        touched: dict[str, Trace] = {}
        stateless: list[Trace] = []
        for record in records[start : start + ROWS]:
            event = worker.parse(decode(record), now_ms)
            key = keyed.key(event)
            if key is None:
                stateless.append(trace := keyed.new())
            elif (known := touched.get(key)) is not None:
                trace = known
            else:
                trace = touched[key] = keyed.load(states[key]) if key in states else keyed.new()
            keyed.fold(trace, event, record.offset)
        yield worker.plan([*touched.values(), *stateless])
        states.update((key, keyed.dump(trace)) for key, trace in touched.items())


def save(batches: Iterator[tuple[int, Sequence[Statement]]], file: Path) -> None:
    """Write the batches as MessagePack (rows hold bytes), each after its length in four bytes."""
    with file.open("wb") as packed:
        for partition, statements in batches:
            batch = msgpack.encode([partition, [(each.cypher, each.rows) for each in statements]])
            packed.write(len(batch).to_bytes(4, "big") + batch)


def load(file: Path) -> list[Batch]:
    """Read what ``save`` wrote."""
    batches: list[Batch] = []
    with file.open("rb") as packed:
        while length := packed.read(4):
            partition, each = msgpack.decode(packed.read(int.from_bytes(length, "big")))
            batches.append(Batch(partition, [(cypher, rows) for cypher, rows in each]))
    return batches


def shares(batches: Sequence[Batch], writers: int) -> list[list[Batch]]:
    """Divide the partitions among writers.

    Each writer takes one batch of each of its partitions in turn.
    """
    places: dict[int, int] = {}
    turns: list[tuple[int, Batch]] = []
    for batch in batches:
        turn = places[batch.partition] = places.get(batch.partition, -1) + 1
        turns.append((turn, batch))
    turns.sort(key=lambda each: (each[0], each[1].partition))
    return [[batch for _, batch in turns if batch.partition % writers == writer] for writer in range(writers)]
