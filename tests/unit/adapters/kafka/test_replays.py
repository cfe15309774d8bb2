"""Entries of the journal of replays: anybody can write to its topic."""

import msgspec
import pytest

from workers.adapters.kafka.replays import Replayed, read_entry

DECODER = msgspec.json.Decoder(Replayed)


def test_an_entry_is_read_back() -> None:
    entry = Replayed("topic-id", 2, 7, "events")
    assert read_entry(DECODER, msgspec.json.encode(entry)) == entry


@pytest.mark.parametrize("value", [None, b"", b"{}", b"no JSON", b'"\xff"', b"[" * 100_000])
def test_what_is_no_entry_is_left_out(value: bytes | None) -> None:
    assert read_entry(DECODER, value) is None
