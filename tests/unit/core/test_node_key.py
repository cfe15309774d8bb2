"""Keys of the record contract: ``%`` and the separator are escaped in every part, so that no two pairs share a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.core.node_key import cypher_version_id, invocation_key, span_part, trace_prefix, version_id

NAMES = st.text(alphabet="a/@%24F0", max_size=6)


@pytest.mark.parametrize(
    ("trace_id", "span_id", "key"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7"),
        ("chat/run", "1", "chat%2Frun/1"),
        ("chat", "run/1", "chat/run%2F1"),
        ("chat%2Frun", "1", "chat%252Frun/1"),
        ("a@b", "100%", "a@b/100%25"),
    ],
)
def test_an_invocation_is_known_by_its_trace_and_its_span(trace_id: str, span_id: str, key: str) -> None:
    assert invocation_key(trace_id, span_id) == key
    assert trace_prefix(trace_id) + span_part(span_id) == key


@pytest.mark.parametrize(
    ("subject", "version", "key"),
    [
        ("gpt-4o", "2024-08-06", "gpt-4o@2024-08-06"),
        ("claude@20250101", "1", "claude%4020250101@1"),
        ("claude", "20250101@1", "claude@20250101%401"),
        ("a/b", "50%", "a/b@50%25"),
        ("gpt-4o", "2026-01-31T00:00:00.000Z", "gpt-4o@2026-01-31T00:00:00.000Z"),
    ],
)
def test_a_version_is_known_by_its_subject_and_its_name(subject: str, version: str, key: str) -> None:
    assert version_id(subject, version) == key


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_two_pairs_of_names_never_have_one_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (invocation_key(*one) == invocation_key(*other)) == (one == other)
    assert (version_id(*one) == version_id(*other)) == (one == other)


def test_cypher_makes_the_same_key() -> None:
    assert cypher_version_id("m.id", "p.version") == (
        "(replace(replace(m.id, '%', '%25'), '@', '%40') + '@' + replace(replace(p.version, '%', '%25'), '@', '%40'))"
    )
