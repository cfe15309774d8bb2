import json
import math
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from workers.dev.sample.calls.imitate import imitate_trace
from workers.dev.sample.records.poison import Poison, PoisonKind, strew
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.records.wire import FOREIGN_RECORD, UNKNOWN_SCHEMA_ID, value_of
from workers.dev.sample.stream import telemetry

RECORDS = list(telemetry(imitate_trace(1_000, 1_700_000_000_000.0, 1), source="test", seed=1))
ITEMS = list(strew(RECORDS, 2, 1))
POISON = {item.kind: item for item in ITEMS if isinstance(item, Poison)}
STATUSES = ["SUCCESS", "ERROR", "TIMEOUT"]


class FakeEncoder:
    """Not Avro, but like it in what matters here: a frame, the name, fields in order, an enum as its zigzag index."""

    async def encode(self, topic: str, record_name: str, fields: Mapping[str, Any]) -> bytes:
        status = bytes([STATUSES.index(fields.get("status", "SUCCESS")) << 1])
        rest = json.dumps({name: str(value) for name, value in fields.items() if name != "status"}).encode()
        return b"\x00\x00\x00\x00\x07" + f"{topic}/{record_name}/".encode() + status + rest


def test_good_records_all_pass_in_order_and_bad_ones_are_in_proportion() -> None:
    assert [item for item in ITEMS if isinstance(item, Sampled)] == RECORDS
    assert len(ITEMS) - len(RECORDS) == pytest.approx(len(RECORDS) * 0.02, abs=1)


def test_every_kind_has_its_turn() -> None:
    kinds = Counter(item.kind for item in ITEMS if isinstance(item, Poison))
    assert set(kinds) == set(PoisonKind)
    assert max(kinds.values()) - min(kinds.values()) <= 1


def test_no_poison_means_none() -> None:
    assert list(strew(RECORDS, 0, 1)) == RECORDS


def test_a_bad_record_shares_the_key_and_not_the_event_id_of_the_good_one_behind_it() -> None:
    for item, following in pairwise(ITEMS):
        if isinstance(item, Poison):
            assert isinstance(following, Sampled)
            assert item.sampled.key == following.key
            assert item.sampled.fields["event_id"] != following.fields["event_id"]


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (PoisonKind.EMPTY_TRACE_ID, "trace_id", ""),
        (PoisonKind.EMPTY_SPAN_ID, "span_id", ""),
        (PoisonKind.EMPTY_EVENT_ID, "event_id", ""),
        (PoisonKind.LATENCY_NEGATIVE, "latency_ms", -5_000.0),
        (PoisonKind.TOKENS_NEGATIVE, "token_count", -1),
        (PoisonKind.UNKNOWN_EVENT_TYPE, "event_type", "llm.invocation.paused"),
    ],
)
def test_what_is_wrong_is_one_field(kind: PoisonKind, field: str, value: object) -> None:
    assert POISON[kind].sampled.fields[field] == value


def test_times_are_out_of_range_and_nan_is_nan() -> None:
    assert POISON[PoisonKind.TIME_BEFORE_2015].sampled.fields["timestamp"] < 1_420_070_400_000
    assert POISON[PoisonKind.TIME_IN_FUTURE].sampled.fields["timestamp"] > 4_000_000_000_000
    assert math.isnan(POISON[PoisonKind.LATENCY_NAN].sampled.fields["latency_ms"])


async def bytes_of(kind: PoisonKind) -> bytes | None:
    return await value_of(POISON[kind], "topic", FakeEncoder())


async def test_a_good_record_is_encoded_as_it_is() -> None:
    record = RECORDS[0]
    assert await value_of(record, "t", FakeEncoder()) == await FakeEncoder().encode(
        "t", record.record_name, record.fields
    )


async def test_a_tombstone_has_no_value_and_text_no_frame() -> None:
    assert await bytes_of(PoisonKind.TOMBSTONE) is None
    text = await bytes_of(PoisonKind.NOT_AVRO)
    assert text is not None
    assert json.loads(text)["trace_id"] == POISON[PoisonKind.NOT_AVRO].sampled.key


async def test_an_unknown_schema_id_is_all_that_differs() -> None:
    value, good = await bytes_of(PoisonKind.UNKNOWN_SCHEMA_ID), POISON[PoisonKind.UNKNOWN_SCHEMA_ID].sampled
    encoded = await FakeEncoder().encode("topic", good.record_name, good.fields)
    assert value == b"\x00" + UNKNOWN_SCHEMA_ID.to_bytes(4, "big") + encoded[5:]


async def test_a_truncated_record_is_the_first_half_of_it() -> None:
    value, good = await bytes_of(PoisonKind.TRUNCATED), POISON[PoisonKind.TRUNCATED].sampled
    encoded = await FakeEncoder().encode("topic", good.record_name, good.fields)
    assert value == encoded[: len(encoded) // 2]


async def test_an_unknown_status_is_an_index_beyond_the_enum() -> None:
    value, good = await bytes_of(PoisonKind.UNKNOWN_STATUS), POISON[PoisonKind.UNKNOWN_STATUS].sampled
    encoded = await FakeEncoder().encode("topic", good.record_name, {**good.fields, "status": "SUCCESS"})
    assert value is not None
    assert [(one, other) for one, other in zip(value, encoded, strict=True) if one != other] == [(6, 0)]


async def test_a_foreign_record_is_valid_and_of_another_kind() -> None:
    value = await bytes_of(PoisonKind.FOREIGN_RECORD)
    assert value is not None
    assert FOREIGN_RECORD.encode() in value
