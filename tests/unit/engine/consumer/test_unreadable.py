from collections.abc import Sequence

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult  # type: ignore[import-untyped]
from aiokafka.record.default_records import DefaultRecordBatchBuilder  # type: ignore[import-untyped]
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]
from aiokafka.record.util import calc_crc32c  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition  # type: ignore[import-untyped]

from workers.core.record import TopicPartition
from workers.engine.consumer.unreadable import (
    FORGOTTEN_AFTER_SECONDS,
    RETRY_SECONDS,
    ReadableRecords,
    Unreadable,
    UnreadableBatches,
)

EVENTS = TopicPartition("events", 3)
GZIP = 1
CHECK_CRCS = True


def batch(first: int, values: Sequence[bytes], compression: int = 0) -> bytearray:
    """Return the bytes of a batch, as a broker stores it, with the base offset ``first``."""
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 100_000)
    for offset, value in enumerate(values):
        assert builder.append(offset, 1_700_000_000_000, None, value, [])
    return bytearray(first.to_bytes(8, "big") + builder.build()[8:])


def read(stored: bytes, noted: list[tuple[TopicPartition, Unreadable]], at: int = 0) -> tuple[list[int], int]:
    """Return the offsets that one fetch at an offset gives, and the offset that the next one begins at."""

    def note(partition: TopicPartition, found: Unreadable) -> None:
        noted.append((partition, found))

    records = ReadableRecords(
        note, KafkaPartition(*EVENTS), MemoryRecords(stored), [], at, None, None, CHECK_CRCS, READ_COMMITTED
    )
    return [record.offset for record in records], records.next_fetch_offset


def damaged(stored: bytearray, at: int = -1) -> bytes:
    stored[at] ^= 1
    return bytes(stored)


def test_records_before_a_damaged_batch_are_read_and_the_fetch_ends_there() -> None:
    noted: list[tuple[TopicPartition, Unreadable]] = []
    stored = bytes(batch(7, [b"a", b"b"])) + damaged(batch(9, [b"c", b"d", b"e"])) + bytes(batch(12, [b"f"]))

    assert read(stored, noted, at=7) == ([7, 8], 9)
    ((partition, found),) = noted
    assert (partition, found.first, found.end) == (EVENTS, 9, 12)
    assert found.reason.startswith("CorruptRecordException: ")


def test_a_fetch_that_begins_within_a_damaged_batch_names_what_is_left_of_it() -> None:
    noted: list[tuple[TopicPartition, Unreadable]] = []

    assert read(damaged(batch(9, [b"c", b"d", b"e"])), noted, at=10) == ([], 10)
    assert [(found.first, found.end) for _, found in noted] == [(10, 12)]


def test_bytes_of_a_codec_that_cannot_be_unpacked_are_a_damaged_batch_too() -> None:
    noted: list[tuple[TopicPartition, Unreadable]] = []
    stored = batch(0, [b"x" * 500], GZIP)
    head = 61
    stored[head:] = bytes(len(stored) - head)
    stored[17:21] = calc_crc32c(bytes(stored[21:])).to_bytes(4, "big")

    assert read(bytes(stored), noted) == ([], 0)
    assert [(found.first, found.end) for _, found in noted] == [(0, 1)]


@pytest.mark.parametrize("length", [b"\x00\x00\x00\x01", b"\xff\xff\xff\xff"])
def test_a_batch_whose_length_is_damaged_ends_a_fetch_too(length: bytes) -> None:
    noted: list[tuple[TopicPartition, Unreadable]] = []
    stored = batch(9, [b"c", b"d"])
    stored[8:12] = length

    assert read(bytes(batch(7, [b"a", b"b"]) + stored), noted, at=7) == ([7, 8], 9)
    assert [found.first for _, found in noted] == [9]


def test_whole_batches_are_read_as_by_aiokafka() -> None:
    noted: list[tuple[TopicPartition, Unreadable]] = []

    assert read(bytes(batch(0, [b"a", b"b"], GZIP) + batch(2, [b"c"])), noted) == ([0, 1, 2], 3)
    assert not noted


def test_a_partition_is_left_alone_until_its_next_attempt_and_forgotten_when_it_is_read() -> None:
    now = 100.0
    batches, found = UnreadableBatches(lambda: now), Unreadable(9, 12, "checksum")
    batches.add(EVENTS, found)
    assert (batches.waiting(), batches.now()) == ({EVENTS}, {EVENTS: found})

    now += RETRY_SECONDS
    assert (batches.waiting(), batches.now()) == (set(), {EVENTS: found})

    now += FORGOTTEN_AFTER_SECONDS
    assert not batches.now()


@pytest.mark.parametrize("most", [None, 2])
def test_aiokafka_takes_what_is_before_the_batch(most: int | None) -> None:
    noted: list[tuple[TopicPartition, Unreadable]] = []
    stored = bytes(batch(7, [b"a", b"b"])) + damaged(batch(9, [b"c"]))
    records = ReadableRecords(
        lambda *found: noted.append(found),
        KafkaPartition(*EVENTS),
        MemoryRecords(stored),
        [],
        7,
        None,
        None,
        CHECK_CRCS,
        1,
    )

    class Assigned:
        """What aiokafka asks the assignment of a partition."""

        active, has_valid_position, paused, position = True, True, False, 7

        def state_value(self, _tp: object) -> "Assigned":
            return self

        def consumed_to(self, position: int) -> None:
            self.position = position

    assigned = Assigned()
    result = FetchResult(KafkaPartition(*EVENTS), assignment=assigned, partition_records=records, backoff=0)

    assert [record.offset for record in result.getall(most)] == [7, 8]
    assert not result.has_more() or not result.getall(most)
    assert assigned.position == 9
