"""What pydantic found wrong with a setting, as a sentence with variable, value and fix."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from workers.config.variables import is_secret, variable_of


def joined(sentences: Sequence[str]) -> str:
    """Give one sentence as it is; above several, say how many there are."""
    return "\n".join(sentences if len(sentences) == 1 else [f"{len(sentences)} settings are wrong", *sentences])


def sentence_of(settings: type[BaseModel], fault: ErrorDetails) -> str:
    """Word one fault. A fault of a whole group words itself, as its message comes from our own validators."""
    path = tuple(str(part) for part in fault["loc"])
    field = field_at(settings, path)
    if field is None:
        return fault["msg"].removeprefix("Value error, ")
    value = "(hidden)" if is_secret(field) else without_credentials(fault["input"])
    return f"{variable_of(path)}={value} is not usable; set it to {field.description}"


def field_at(model: type[BaseModel], path: Iterable[str]) -> FieldInfo | None:
    """Find the field that a path names; ``None`` where it names a group."""
    field: FieldInfo | None = None
    for part in path:
        field = model.model_fields[part]
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model, field = field.annotation, None
    return field


def without_credentials(value: Any) -> str:
    """Show a value, but nothing before an ``@``: somebody may have put a password into an address."""
    before, at, after = str(value).rpartition("@")
    return f"…@{after}" if at and before else str(value)
