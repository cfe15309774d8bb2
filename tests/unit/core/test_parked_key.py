import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.core.node_key import as_written, parked_key_id, printable
from workers.core.record import TopicPartition


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_each_key_has_a_printable_name_of_its_own(one: bytes, other: bytes) -> None:
    assert printable(one).isascii()
    assert printable(one).isprintable()
    assert (printable(one) == printable(other)) == (one == other)


@given(st.binary(max_size=400))
def test_a_name_can_be_written_as_it_is_shown(key: bytes) -> None:
    assert as_written(printable(key)) == printable(key)
    assert len(printable(key)) <= 250


@pytest.mark.parametrize(
    ("written", "key"), [("gpt-4o", b"gpt-4o"), ("modèle 1", "modèle 1".encode()), ("%00%05gpt", b"\x00\x05gpt")]
)
def test_a_key_can_be_written_with_any_letters(written: str, key: bytes) -> None:
    assert as_written(written) == printable(key)


def test_the_id_begins_with_the_partition() -> None:
    assert parked_key_id("toy", TopicPartition("events", 3), "a/b") == "toy/events/3/a/b"
