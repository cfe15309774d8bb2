"""Faults of the topology, as sentences with path, value and fix."""

from difflib import get_close_matches
from pathlib import Path as FilePath
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from workers.config.located_yaml import LocatedDocument, Path

# Error types of pydantic that mean "a value of another type".
WRONG_TYPES = {
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_type": "is not a number",
    "string_type": "is not text",
    "model_type": "is not a mapping",
    "dict_type": "is not a mapping",
    "list_type": "is not a list",
}


class Fault(NamedTuple):
    """One fault and its path in the file."""

    path: Path
    problem: str

    def __str__(self) -> str:
        return f"{'.'.join(str(part) for part in self.path)}: {self.problem}"


def faults_of(
    model: type[BaseModel], error: ValidationError, document: LocatedDocument, prefix: Path = ()
) -> list[Fault]:
    """Return every fault as a sentence; ``prefix`` is the path of the block in the file.

    A fault that a worker has from ``defaults`` is named there, once.
    """
    return [
        Fault(_where_written((*prefix, *_without_key_mark(details["loc"])), document), _problem(model, details))
        for details in error.errors(include_url=False)
    ]


def listed_faults(file: FilePath, document: LocatedDocument, faults: list[Fault]) -> str:
    """Return one line a fault, in the order of the file; several begin with a line that counts them."""
    located = sorted({(document.line_of(fault.path), str(fault)) for fault in faults})
    lines = [f"{file}:{line}: {fault}" for line, fault in located]
    return "\n".join(lines if len(lines) == 1 else [f"{file} has {len(lines)} faults", *lines])


def _without_key_mark(path: Path) -> Path:
    return tuple(part for part in path if part != "[key]")


def _where_written(path: Path, document: LocatedDocument) -> Path:
    inherited = ("defaults", *path[2:])
    if path[0] == "workers" and path not in document.lines and inherited in document.lines:
        return inherited
    return path


def _problem(model: type[BaseModel], details: ErrorDetails) -> str:
    *around, name = details["loc"] or ("",)
    match details["type"]:
        case "extra_forbidden":
            return unknown_key(str(name), sorted(_model_at(model, tuple(around)).model_fields))
        case "missing":
            return f"missing; {_fix(model, details['loc'])}"
        case "string_pattern_mismatch" if name == "[key]":
            return "not a topic name; use 1 to 245 letters, digits, dots, dashes and underscores"
        case kind:
            return f"{_shown(details['input'])} {_objection(kind, details)}; {_fix(model, details['loc'])}"


def unknown_key(name: str, known: list[str]) -> str:
    """Return the sentence for an unknown key, with the most similar key or all keys."""
    close = get_close_matches(name, known, n=1)
    return f"unknown key; did you mean {close[0]}?" if close else f"unknown key; use one of {', '.join(known)}"


def unknown_name(kind: str, name: str, known: list[str]) -> str:
    """Return the sentence for a name that nothing has."""
    close = get_close_matches(name, known, n=1)
    return f"no {kind} is named {name}; " + (f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}")


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{'a mapping' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else str(value)


def _plain_number(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _objection(kind: str, details: ErrorDetails) -> str:
    if kind == "greater_than_equal":
        return (
            "is not positive"
            if details["input"] <= 0 < details["ctx"]["ge"]
            else f"is less than {_plain_number(details['ctx']['ge'])}"
        )
    if kind == "less_than_equal":
        return f"is more than {_plain_number(details['ctx']['le'])}"
    if kind == "literal_error":
        return f"is not {details['ctx']['expected'].replace(chr(39), '')}"
    if kind == "value_error":
        return str(details["ctx"]["error"])
    return WRONG_TYPES.get(kind, "does not fit")


def _fix(model: type[BaseModel], path: Path) -> str:
    field = _field_at(model, path) if path else None
    if field is None:
        return "see `memory-graph topology schema`"
    lowest = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    highest = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if lowest is not None and highest is not None:
        return f"use {lowest} to {highest}"
    if field.description is None:
        return "add the keys that `memory-graph topology schema` lists"
    return f"set it to: {field.description[0].lower()}{field.description[1:].rstrip('.')}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Return the model of the mapping at a path."""
    if not path:
        return model
    inner, rest = _step(model, path)
    return _model_at(inner, rest) if inner else model


def _field_at(model: type[BaseModel], path: Path) -> FieldInfo | None:
    """Return the field at a path; ``None`` for an entry of a mapping."""
    if len(path) == 1:
        return model.model_fields.get(str(path[0]))
    inner, rest = _step(model, path)
    return _field_at(inner, rest) if inner and rest else None


def _step(model: type[BaseModel], path: Path) -> tuple[type[BaseModel] | None, Path]:
    """Return the model one level down, and the rest of the path. A mapping of models takes two parts of the path."""
    annotation: Any = model.model_fields[str(path[0])].annotation
    rest = path[1:]
    if get_origin(annotation) is dict:
        annotation, rest = get_args(annotation)[1], path[2:]
    return block_of(annotation), rest


def block_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, optional or not; ``None`` for a field of another type."""
    inner = next((each for each in get_args(annotation) if each is not NoneType), annotation)
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
