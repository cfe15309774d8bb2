"""Merge patches, as RFC 7396 has them in its appendix, and the two ways to write one."""

from pathlib import Path
from typing import Any

import pytest

from workers.core.errors import Misconfigured
from workers.ops.dead_letters.repair import changes, fix, merged, patch_file


@pytest.mark.parametrize(
    ("value", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_is_merged_as_the_rfc_says(value: Any, patch: Any, result: Any) -> None:
    before = repr(value)
    assert merged(value, patch) == result
    assert repr(value) == before, "the value itself is not changed"


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("provider=openai", {"provider": "openai"}),
        ("token_count=3", {"token_count": 3}),
        ("status=null", {"status": None}),
        ('name="3"', {"name": "3"}),
        ("metadata.sdk=a=b", {"metadata": {"sdk": "a=b"}}),
        ("name=", {"name": ""}),
    ],
)
def test_a_fix_is_json_or_a_text(text: str, patch: dict[str, Any]) -> None:
    assert fix(text) == patch


@pytest.mark.parametrize("text", ["", "provider", "=3", "a..b=3"])
def test_another_text_is_no_fix(text: str) -> None:
    with pytest.raises(Misconfigured, match="write FIELD=VALUE"):
        fix(text)


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_patch_file_has_a_json_object(tmp_path: Path, content: str) -> None:
    path = tmp_path / "patch.json"
    with pytest.raises(Misconfigured, match="No such file"):
        patch_file(path)
    path.write_text(content)
    with pytest.raises(Misconfigured, match=r"--patch .*patch\.json"):
        patch_file(path)
    path.write_text('{"a": 1}')
    assert patch_file(path) == {"a": 1}


def test_changes_have_both_values() -> None:
    assert changes({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}) == {"b": (2, 5), "c": (3, None), "d": (None, 4)}
