import json
from collections.abc import Mapping, Sequence
from typing import Any

import jsoncompat
import pytest

from workers.pipelines.evolution.jobs.compare import UNCOMPARED, compare
from workers.pipelines.evolution.limits import MAX_COMPARED_BYTES
from workers.pipelines.evolution.states import ChangeClass

BACKWARD, FORWARD, BREAKING = ChangeClass
TEXT: Mapping[str, Any] = {"type": "string"}


def tool(required: Sequence[str] = ("city",), *, closed: bool = True, **properties: Any) -> dict[str, Any]:
    """Make a tool's parameters: a city, and more."""
    return {
        "type": "object",
        "properties": {"city": TEXT, **properties},
        "required": list(required),
        **({"additionalProperties": False} if closed else {}),
    }


def unit(*values: str) -> dict[str, Any]:
    return tool(unit={"enum": list(values)})


def verdict(before: Any, after: Any) -> tuple[ChangeClass, str]:
    return compare(json.dumps(before), json.dumps(after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(tool(), tool(), BACKWARD, id="equal"),
        pytest.param(tool(), tool(unit=TEXT), BACKWARD, id="an optional property more"),
        pytest.param(tool(), tool(["city", "unit"], unit=TEXT), BREAKING, id="a required property more"),
        pytest.param(tool(unit=TEXT), tool(), FORWARD, id="an optional property less"),
        pytest.param(tool(["city", "unit"], unit=TEXT), tool(unit=TEXT), BACKWARD, id="no longer required"),
        pytest.param(unit("C", "F"), unit("C"), FORWARD, id="a narrower enum"),
        pytest.param(unit("C"), unit("C", "F"), BACKWARD, id="a wider enum"),
        pytest.param(tool(n={"type": "integer"}), tool(n=TEXT), BREAKING, id="another type"),
        # An object that says nothing of other properties takes any: a property more is a narrower one.
        pytest.param(tool(closed=False), tool(closed=False, unit=TEXT), FORWARD, id="open, an optional more"),
        pytest.param(tool(closed=False), tool(["city", "unit"], closed=False, unit=TEXT), FORWARD, id="open, required"),
        pytest.param(tool(closed=False, unit=TEXT), tool(closed=False), BACKWARD, id="open, an optional less"),
    ],
)
def test_a_change_is_classed_by_what_each_version_takes(before: Any, after: Any, expected: ChangeClass) -> None:
    assert verdict(before, after)[0] is expected


def test_the_library_calls_deserializer_what_reads_the_old_and_serializer_what_the_old_reads() -> None:
    narrow, wide = json.dumps({"enum": ["C"]}), json.dumps({"enum": ["C", "F"]})
    assert jsoncompat.check_compat(narrow, wide, "deserializer")
    assert not jsoncompat.check_compat(narrow, wide, "serializer")
    assert jsoncompat.check_compat(wide, narrow, "serializer")
    assert not jsoncompat.check_compat(wide, narrow, "deserializer")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "https://example.com/schema"}, "unsupported reference"),
        ({"type": "number", "multipleOf": 0.1}, "multipleOf"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "draft-07"),
        ({"type": "integer", "maximum": 10**40}, "64-bit"),
    ],
)
def test_what_the_library_cannot_decide_is_breaking_for_its_reason(schema: Any, reason: str) -> None:
    assert verdict(schema, schema)[0] is BACKWARD, "equal contents are"
    change_class, why = verdict(schema, schema | {"description": "other"})
    assert change_class is BREAKING
    assert reason in why


def test_what_is_nested_too_deeply_or_too_long_is_breaking() -> None:
    deep = '{"not":' * 500 + "true" + "}" * 500
    assert compare(deep, deep.replace("true", "false")).change_class is BREAKING
    long = json.dumps({"description": "a" * MAX_COMPARED_BYTES})
    assert str(MAX_COMPARED_BYTES) in compare(long, "true").why


@pytest.mark.parametrize("keyword", sorted(UNCOMPARED))
def test_what_the_library_passes_over_is_breaking_where_it_differs(keyword: str) -> None:
    said: Any = "^a" if keyword == "pattern" else {"a": {"required": ["b"]}}
    before, after = {"type": ["string", "object"]}, {"type": ["string", "object"], keyword: said}
    assert verdict(after, after)[0] is BACKWARD
    assert verdict(before, after) == (BREAKING, f"their compatibility cannot be decided: {keyword} differs")
    assert verdict(tool(a=before), tool(a=after))[0] is BREAKING
    assert verdict({"anyOf": [before, TEXT]}, {"anyOf": [after, TEXT]})[0] is BREAKING


def test_a_property_or_a_value_may_be_called_like_a_keyword() -> None:
    assert verdict(tool(), tool(pattern=TEXT))[0] is BACKWARD
    assert verdict({"const": {"pattern": 1}}, {"const": {"pattern": 1}, "description": "the same"})[0] is BACKWARD
    assert verdict({"default": {"pattern": 1}}, {"default": {"pattern": 2}})[0] is BACKWARD
