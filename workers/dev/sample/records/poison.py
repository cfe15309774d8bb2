"""Bad records of every kind that producers are known to make, strewn among good ones."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import cycle
from random import Random
from typing import Any, NamedTuple

from workers.dev.sample.records import ids
from workers.dev.sample.records.sampled import INVOCATION, Sampled


class PoisonKind(StrEnum):
    """What is wrong with a bad record."""

    NOT_AVRO = "not_avro"
    UNKNOWN_SCHEMA_ID = "unknown_schema_id"
    FOREIGN_RECORD = "foreign_record"
    TRUNCATED = "truncated"
    TOMBSTONE = "tombstone"
    UNKNOWN_STATUS = "unknown_status"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    EMPTY_TRACE_ID = "empty_trace_id"
    EMPTY_SPAN_ID = "empty_span_id"
    EMPTY_EVENT_ID = "empty_event_id"
    LATENCY_NAN = "latency_nan"
    LATENCY_NEGATIVE = "latency_negative"
    TOKENS_NEGATIVE = "tokens_negative"
    TIME_BEFORE_2015 = "time_before_2015"
    TIME_IN_FUTURE = "time_in_future"


BAD_FIELDS: dict[PoisonKind, dict[str, Any]] = {
    PoisonKind.UNKNOWN_EVENT_TYPE: {"event_type": "llm.invocation.paused"},
    PoisonKind.EMPTY_TRACE_ID: {"trace_id": ""},
    PoisonKind.EMPTY_SPAN_ID: {"span_id": ""},
    PoisonKind.EMPTY_EVENT_ID: {"event_id": ""},
    PoisonKind.LATENCY_NAN: {"latency_ms": float("nan")},
    PoisonKind.LATENCY_NEGATIVE: {"latency_ms": -1.0},
    PoisonKind.TOKENS_NEGATIVE: {"token_count": -1},
    PoisonKind.TIME_BEFORE_2015: {"timestamp": 1_388_534_400_000},
    PoisonKind.TIME_IN_FUTURE: {"timestamp": 4_070_908_800_000},
}
"""Fields that make a record bad by themselves; the other kinds are bad on the wire, see ``wire``."""


class Poison(NamedTuple):
    """A bad record: a good one (fields with an event_id of their own) and what is to be wrong with it."""

    kind: PoisonKind
    sampled: Sampled


def strew(records: Iterable[Sampled], percent: float, seed: int) -> Iterator[Sampled | Poison]:
    """Pass all records on, with ``percent`` bad ones for a hundred good ones strewn among them.

    All kinds take turns. A bad record has the key of the good one behind it, and so shares its partition; it is a
    copy of the last record of a call, which follows unharmed.
    """
    random = Random(f"poison/{seed}")  # noqa: S311 - sample data, reproducible by design
    kinds = cycle(PoisonKind)
    owed = 0.0
    for record in records:
        owed += percent / 100
        if owed >= 1 and record.record_name == INVOCATION and record.fields["event_type"] != "llm.invocation.start":
            owed -= 1
            yield _spoil(random, next(kinds), record)
        yield record


def _spoil(random: Random, kind: PoisonKind, record: Sampled) -> Poison:
    fields = {**record.fields, "event_id": ids.event_id(random), **BAD_FIELDS.get(kind, {})}
    return Poison(kind, record._replace(fields=fields))
