"""Merge patches, as RFC 7396 has them in its appendix, and the two ways to write one."""

from pathlib import Path
from typing import Any

import pytest

from workers.core.errors import Misconfigured
from workers.ops.dead_letters.replaying.repair import changes, fix, merged, patch_file, patched


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


def expression(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "patch.jmespath"
    path.write_text(text)
    return patch_file(path)


def test_an_expression_makes_a_patch_of_each_value(tmp_path: Path) -> None:
    patch = expression(tmp_path, "{status: status == 'FAILED' && 'ERROR' || status, metadata: {was: status}}")
    assert patched({"status": "FAILED", "id": 1}, [patch]) == {
        "status": "ERROR",
        "id": 1,
        "metadata": {"was": "FAILED"},
    }
    assert patched({"status": "SUCCESS"}, [patch, {"metadata": None}]) == {"status": "SUCCESS"}


@pytest.mark.parametrize(("text", "problem"), [("status", "makes a str"), ("abs(status)", "invalid type for value")])
def test_an_expression_that_makes_no_patch_says_so(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises((ValueError, TypeError), match=problem):
        patched({"status": "FAILED"}, [expression(tmp_path, text)])


def test_an_expression_that_cannot_be_read_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"--patch .*patch\.jmespath: Invalid jmespath expression"):
        expression(tmp_path, "{status")


def test_changes_have_both_values() -> None:
    assert changes({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}) == {"b": (2, 5), "c": (3, None), "d": (None, 4)}
