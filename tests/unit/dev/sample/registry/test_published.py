import json
from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.dev.sample.registry.change import Kind
from workers.dev.sample.registry.published import published

GOOD = {"schema_id": "tool-calling", "version": "1.0.0", "json_schema": {"type": "object"}}


def test_a_file_becomes_the_row_of_a_schema(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({**GOOD, "compatible_models": ["gpt-4"]}))
    assert published(file) == (Kind.SCHEMA, {**GOOD, "compatible_models": ["gpt-4"]}, None)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "no JSON"),
        (json.dumps({**GOOD, "json_schema": "object"}), "json_schema"),
        (json.dumps({"version": "1.0.0"}), "schema_id"),
        (json.dumps({**GOOD, "model": "gpt-4"}), "model"),
        ("[]", "the whole"),
    ],
)
def test_a_file_that_is_no_schema_is_told_with_its_fault(text: str, word: str, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(text)
    with pytest.raises(Misconfigured, match=word):
        published(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        published(tmp_path / "none.json")
