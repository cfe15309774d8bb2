"""What pydantic found wrong with the topology, as sentences with path, value and fix."""

from difflib import get_close_matches
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from workers.config.located_yaml import LocatedDocument, Path

# pydantic's kinds of errors that say nothing but "another type".
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
    """One thing wrong, and where."""

    path: Path
    problem: str

    def __str__(self) -> str:
        return f"{'.'.join(str(part) for part in self.path)}: {self.problem}"


def faults_of(model: type[BaseModel], error: ValidationError, document: LocatedDocument) -> list[Fault]:
    """Word every fault; one that a worker has from ``defaults`` is named there, once."""
    return [
        Fault(_where_written(_without_key_mark(details["loc"]), document), _problem(model, details))
        for details in error.errors(include_url=False)
    ]


def _without_key_mark(path: Path) -> Path:
    return tuple(part for part in path if part != "[key]")


def _where_written(path: Path, document: LocatedDocument) -> Path:
    inherited = ("defaults", *path[2:])
    if path[0] == "workers" and path not in document.lines and inherited in document.lines:
        return inherited
    return path


def _problem(model: type[BaseModel], details: ErrorDetails) -> str:
    *around, name = details["loc"]
    match details["type"]:
        case "extra_forbidden":
            return unknown_key(str(name), sorted(_model_at(model, tuple(around)).model_fields))
        case "missing":
            return f"missing; {_fix(model, details['loc'])}"
        case "string_pattern_mismatch" if name == "[key]":
            return "no name for a topic; use 1 to 245 letters, digits, dots, dashes and underscores"
        case kind:
            return f"{_shown(details['input'])} {_complaint(kind, details)}; {_fix(model, details['loc'])}"


def unknown_key(name: str, known: list[str]) -> str:
    """Word an unknown key, with the one that was meant, or all there are."""
    close = get_close_matches(name, known, n=1)
    return f"unknown key; did you mean {close[0]}?" if close else f"unknown key; use one of {', '.join(known)}"


def unknown_name(kind: str, name: str, known: list[str]) -> str:
    """Word a name that refers to nothing."""
    close = get_close_matches(name, known, n=1)
    return f"no {kind} is named {name}; " + (f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}")


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{'a mapping' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else str(value)


def _plainly(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _complaint(kind: str, details: ErrorDetails) -> str:
    if kind == "greater_than_equal":
        return (
            "is not positive"
            if details["input"] <= 0 < details["ctx"]["ge"]
            else f"is less than {_plainly(details['ctx']['ge'])}"
        )
    if kind == "less_than_equal":
        return f"is more than {_plainly(details['ctx']['le'])}"
    if kind == "literal_error":
        return f"is not {details['ctx']['expected'].replace(chr(39), '')}"
    if kind == "value_error":
        return str(details["ctx"]["error"])
    return WRONG_TYPES.get(kind, "does not fit")


def _fix(model: type[BaseModel], path: Path) -> str:
    field = _field_at(model, path)
    if field is None:
        return "see `memory-graph topology schema`"
    lowest = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    highest = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if lowest is not None and highest is not None:
        return f"use {lowest} to {highest}"
    if field.description is None:
        return "give it the keys that `memory-graph topology schema` names"
    return f"give {field.description[0].lower()}{field.description[1:].rstrip('.')}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Find the model of the mapping that a path names."""
    if not path:
        return model
    inner, rest = _step(model, path)
    return _model_at(inner, rest) if inner else model


def _field_at(model: type[BaseModel], path: Path) -> FieldInfo | None:
    """Find the field that a path names; ``None`` where it names an entry of a mapping."""
    if len(path) == 1:
        return model.model_fields.get(str(path[0]))
    inner, rest = _step(model, path)
    return _field_at(inner, rest) if inner and rest else None


def _step(model: type[BaseModel], path: Path) -> tuple[type[BaseModel] | None, Path]:
    """Go one model down: into a field, or into an entry of a field that is a mapping of models."""
    annotation: Any = model.model_fields[str(path[0])].annotation
    rest = path[1:]
    if get_origin(annotation) is dict:
        annotation, rest = get_args(annotation)[1], path[2:]
    annotation = next((each for each in get_args(annotation) if each is not NoneType), annotation)
    return (annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None), rest
