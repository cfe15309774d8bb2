"""Faults of the settings, as sentences with variable, value and fix."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from workers.config.variables import is_secret, variable_of
from workers.core.one_line import one_line

LONGEST_SENTENCE = 600


def joined(sentences: Sequence[str]) -> str:
    """Join sentences as lines; several begin with a line that counts them."""
    return "\n".join(sentences if len(sentences) == 1 else [f"{len(sentences)} settings are wrong", *sentences])


def sentence_of(settings: type[BaseModel], fault: ErrorDetails) -> str:
    """Return one fault as a sentence. The fault of a whole group already is one: our own validators raise it."""
    path = tuple(str(part) for part in fault["loc"])
    field = field_at(settings, path)
    if field is None:
        return one_line(fault["msg"].removeprefix("Value error, "), LONGEST_SENTENCE)
    value = "(hidden)" if is_secret(field) else one_line(without_credentials(fault["input"]))
    return f"{variable_of(path)}={value} is not usable; set it to {field.description}"


def field_at(model: type[BaseModel], path: Iterable[str]) -> FieldInfo | None:
    """Return the field at a path; ``None`` for the path of a group."""
    field: FieldInfo | None = None
    for part in path:
        field = model.model_fields[part]
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model, field = field.annotation, None
    return field


def without_credentials(value: Any) -> str:
    """Return a value without the part before an ``@``, which may be a password in an address."""
    before, at, after = str(value).rpartition("@")
    return f"…@{after}" if at and before else str(value)
