"""Bad records of every kind known from producers, mixed with good ones."""

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
    PoisonKind.LATENCY_NEGATIVE: {"latency_ms": -5_000.0},
    PoisonKind.TOKENS_NEGATIVE: {"token_count": -1},
    PoisonKind.TIME_BEFORE_2015: {"timestamp": 1_388_534_400_000},
    PoisonKind.TIME_IN_FUTURE: {"timestamp": 4_070_908_800_000},
}
"""Fields that make a record bad; for bad encodings see ``wire``."""


class Poison(NamedTuple):
    """A good record (with its own event_id) and the error to add."""

    kind: PoisonKind
    sampled: Sampled


def strew(records: Iterable[Sampled], percent: float, seed: int) -> Iterator[Sampled | Poison]:
    """Yield all records with bad ones added: ``percent`` per hundred good ones.

    All kinds take turns. A bad record is a copy of a call's last record, with the same key and so the same partition;
    the good one follows unchanged.
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
