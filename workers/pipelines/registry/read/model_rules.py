"""The JSON Schema for a row of ``models``, with the options of ``accept``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]  # it ships no types

from workers.core.checks import quoted, reject
from workers.pipelines.registry.events import UNSENT
from workers.pipelines.registry.options import Accept
from workers.pipelines.registry.read.prices import COST, TIERS, VARIANTS

Check: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Checks a row of ``models`` by column, with decoded JSON. Columns that were not sent have been checked before."""

LONGEST_LIST_SHOWN = 3
FIXES: Mapping[str, str] = {
    "enum": "use a listed name, or add it to accept in topology.yaml",
    "pattern": "use a value of this form, or change the pattern in topology.yaml",
    "required": "fill it in",
    "minimum": "use a larger number",
}
"""The fix for a broken rule. Other rules need no further words."""
PRICE_FIXES: Mapping[str, str] = {
    "type": "send a value of this type",
    "enum": "use one of these names",
    "pattern": "use a value of this form",
    "required": "fill it in",
    "minimum": "use a larger number",
    "maximum": "use a smaller number",
    "minLength": "use a longer name",
    "anyOf": "say when it holds, by service_tier or by from and until",
    "dependentRequired": "send both from and until",
}
"""The fix for a broken rule of prices."""


def model_schema(accept: Accept) -> dict[str, Any]:
    """Return the schema that a row of ``models`` must satisfy, after its nulls are removed."""
    name = {"type": "string", "minLength": 1}
    capabilities: dict[str, Any] = {"type": "array", "items": _one_of(accept.capabilities)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "model_id": {"type": "string", "pattern": accept.model_id_pattern},
            "version": {"type": "string", "pattern": accept.version_pattern},
            "provider": _one_of(accept.providers),
            "capabilities": capabilities,
            "context_window": {"type": "integer", "minimum": accept.min_context_window},
            "training_cutoff": {"type": "string", "format": "date"},
            "cost_per_1k_tokens": COST | {"required": ["input", "output"]},
            "metadata": {
                "type": "object",
                "properties": {
                    "name": name,
                    "aliases": {"type": "array", "items": name},
                    "vector_clock": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
                    "price_tiers": TIERS,
                    "price_variants": VARIANTS,
                },
            },
        },
        "required": ["model_id", *accept.required],
    }


def model_check(accept: Accept) -> Check:
    """Return a check that raises ``Rejected``, with a code such as ``version.pattern``, naming path and rule."""
    validator = Draft202012Validator(model_schema(accept))

    def check(columns: Mapping[str, Any]) -> None:
        row = {column: value for column, value in columns.items() if value is not None}
        broken = sorted((error for error in validator.iter_errors(row) if _was_sent(row, error)), key=_path)
        if broken:
            shown = "; ".join(_sentence(each) for each in broken[:LONGEST_LIST_SHOWN])
            more = len(broken) - LONGEST_LIST_SHOWN
            reject(_code(broken[0]), shown + (f"; and {more} more" if more > 0 else ""))

    return check


def _one_of(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "minLength": 1} | ({"enum": list(names)} if names else {})


def _was_sent(row: Mapping[str, Any], error: ValidationError) -> bool:
    return not error.absolute_path or row[error.absolute_path[0]] is not UNSENT


def _path(error: ValidationError) -> tuple[str, str]:
    inside = [str(part) for part in error.absolute_path]
    return ".".join([*inside, *_missing_property(error)]), str(error.validator)


def _missing_property(error: ValidationError) -> list[str]:
    """Return the missing property: the path of the error ends at the object that lacks it."""
    if error.validator != "required":
        return []
    return [name for name in error.validator_value if name not in error.instance][:1]


def _code(error: ValidationError) -> str:
    """Return column and rule; for metadata, which has many fields, the field and the rule."""
    path, rule = _path(error)
    column, _, inside = path.partition(".")
    if column == "metadata" and inside:
        column = inside.partition(".")[0]
    return f"{column or 'model'}.{rule}"


def _sentence(error: ValidationError) -> str:
    path, rule = _path(error)
    wanted = quoted(error.validator_value)
    found = "missing" if rule == "required" else f"{_shown(error.instance)}, which breaks {rule} {wanted}"
    fix = (PRICE_FIXES if _is_price(path) else FIXES).get(rule)
    return f"{path or 'the row'} is {found}" + (f": {fix}" if fix else "")


def _is_price(path: str) -> bool:
    return path.startswith(("cost_per_1k_tokens", "metadata.price_"))


def _shown(value: Any) -> str:
    return quoted(str(value)) if isinstance(value, str) else quoted(value).replace("Decimal('", "").replace("')", "")
