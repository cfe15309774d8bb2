"""Texts that anybody may have sent, on an operator's terminal."""

from typing import Any

import pytest

from workers.cli.browse.text import FAILING, TODAY, key_of, value_text
from workers.ops.dead_letters.replaying.verdict import Verdict

VALUE = {"event_id": "e1", "metadata": {"sdk": "1", "event_id": "e2"}}


@pytest.mark.parametrize(("key", "text"), [(None, "(no key)"), (b"", ""), (b"k\xff\x1b", "k\\xff\\x1b")])
def test_a_key_may_be_no_text(key: bytes | None, text: str) -> None:
    assert key_of(key) == text


@pytest.mark.parametrize(("field", "marked"), [("event_id", ['"event_id": "e1",']), ("sdk", []), (None, [])])
def test_only_the_line_of_the_failing_field_is_marked(field: str | None, marked: list[str]) -> None:
    text = value_text({"value": VALUE, "field": field})
    assert [text.plain[span.start : span.end].strip() for span in text.spans if span.style == FAILING] == marked


@pytest.mark.parametrize(("value", "text"), [("no JSON\x1b", "no JSON\\x1b"), (None, "null"), ([1], "[\n  1\n]")])
def test_a_value_without_fields_is_shown_as_it_is(value: Any, text: str) -> None:
    assert value_text({"value": value, "field": None}).plain == f"{text}\n"


def test_there_is_a_word_for_every_verdict() -> None:
    assert TODAY.keys() == set(Verdict)
