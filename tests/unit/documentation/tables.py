"""What the documentation has from the code: ``python -m tests.unit.documentation.tables`` writes it.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end of table -->`` in a Markdown file of the repository.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tests.unit.documentation import measured
from workers.adapters.avro import decode_errors
from workers.adapters.graph import errors as graph_errors
from workers.config.settings import Settings
from workers.config.takes_effect import TakesEffect, takes_effect
from workers.config.topology import topology_schema
from workers.config.variables import is_secret, variable_of
from workers.config.worker_options import WorkerOptions
from workers.core.errors import OperatorError
from workers.engine.batch import key_order
from workers.observe.metric_list import ENGINE_METRICS
from workers.pipelines.fleet import FLEET, OPTION_MODELS

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
SCHEMA = ROOT / "schemas" / "topology.schema.json"
COUNTS = {TakesEffect.LIVE: "at once", TakesEffect.RESTART: "after a restart"}
PREFIX = "llm_memory_graph_"


class Leaf(NamedTuple):
    """A field of nested pydantic models, with its path."""

    path: tuple[str, ...]
    field: FieldInfo


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        if inner:
            yield from leaves(inner, (*path, name))
        else:
            yield Leaf((*path, name), field)


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model of ``Model`` or ``Model | None``."""
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel)), None)


def default_of(field: FieldInfo) -> str:
    if is_secret(field) or field.default is None:
        return "none"
    if field.default is PydanticUndefined:
        return "console on a terminal, otherwise json" if field.default_factory else "required"
    return "none" if field.default == "" else f"`{field.default}`"


def limits_of(field: FieldInfo) -> str:
    for annotation in (field.annotation, *get_args(field.annotation)):
        if get_origin(annotation) is Literal:
            return " or ".join(f"`{each}`" for each in get_args(annotation))
    signs: tuple[tuple[type[Any], str, str], ...] = ((Ge, "ge", "≥"), (Gt, "gt", ">"), (Le, "le", "≤"), (Lt, "lt", "<"))
    limits = [
        f"{sign} {getattr(each, name):,}"
        for kind, name, sign in signs
        for each in field.metadata
        if isinstance(each, kind)
    ]
    return ", ".join(limits)


def settings() -> Iterator[Iterable[str]]:
    yield "variable", "default", "meaning"
    leaf_of = {variable_of(leaf.path): leaf for leaf in leaves(Settings)}  # several groups read TLS_MIN_VERSION
    for path, field in leaf_of.values():
        name = f"`{variable_of(path)}`" + (", or a file: `" + variable_of(path) + "_FILE`" if is_secret(field) else "")
        yield name, default_of(field), field.description or ""


def options(model: type[BaseModel], left_out: frozenset[str] = frozenset()) -> Iterator[Iterable[str]]:
    yield "key", "default", "limits", "a change counts", "meaning"
    for path, field in leaves(model):
        if path[0] not in left_out:
            counts = COUNTS[takes_effect(field)]
            yield f"`{'.'.join(path)}`", default_of(field), limits_of(field), counts, field.description or ""


def metrics() -> Iterator[Iterable[str]]:
    yield "metric", "type", "labels", "meaning", "of"
    for owner, specs in (("every worker", ENGINE_METRICS), *((name, each.metrics) for name, each in FLEET.items())):
        for spec in specs:
            name = spec.name.removeprefix(PREFIX) if spec.name.startswith(PREFIX) else f"{spec.name} (no prefix)"
            yield f"`{name}`", str(spec.kind), ", ".join(spec.labels), spec.help, owner


def dead_letter_codes() -> Iterator[Iterable[str]]:
    yield "stage", "code", "the record", "of"
    owners = (
        ("every worker", (*decode_errors.DEAD_LETTER_CODES, *graph_errors.DEAD_LETTER_CODES)),
        ("workers with `order: strict`", key_order.DEAD_LETTER_CODES),
        *((name, factory.dead_letter_codes) for name, factory in FLEET.items()),
    )
    for owner, codes in owners:
        for each in codes:
            yield each.stage.name, f"`{each.code}`", each.meaning, owner


def exit_codes() -> Iterator[Iterable[str]]:
    yield "exit code", "meaning"
    yield "0", "done"
    for error in sorted(OperatorError.__subclasses__(), key=lambda each: each.exit_code):
        yield str(error.exit_code), error.meaning


COMMON = frozenset(WorkerOptions.model_fields)
TABLES: Mapping[str, Callable[[], Iterator[Iterable[str]]]] = {
    "settings": settings,
    "metrics": metrics,
    "dead-letter-codes": dead_letter_codes,
    "exit-codes": exit_codes,
    "worker-options": lambda: options(WorkerOptions),
    "registry-options": lambda: options(FLEET["registry"].options, COMMON),
    "evolution-options": lambda: options(FLEET["evolution"].options, COMMON),
    "audit-options": lambda: options(FLEET["audit"].options, COMMON),
    "speed": measured.speed,
    "processor-time": measured.processor_time,
    "latency": measured.latency,
    "dead-letter-speed": measured.dead_letters,
    "bench-targets": measured.targets,
    "sizing": measured.sizing,
}


def table(name: str) -> str:
    """Return a table as Markdown."""
    head, *rows = [[cell.replace("|", r"\|") for cell in row] for row in TABLES[name]()]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)) + "\n"


def generated(text: str) -> str:
    """Return a Markdown text with its tables as the code says."""
    return BLOCK.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", text)


def documents() -> list[Path]:
    """Return every Markdown file of the repository."""
    outside = {".venv", ".memory-graph", ".hypothesis", ".pytest_cache", "build", "node_modules"}
    return [each for each in sorted(ROOT.rglob("*.md")) if not outside & set(each.relative_to(ROOT).parts)]


def schema() -> str:
    """Return the JSON Schema of topology.yaml, as `memory-graph topology schema` prints it."""
    return json.dumps(topology_schema(OPTION_MODELS), indent=2) + "\n"


def main() -> None:
    """Write every table of every document, and the JSON Schema that editors complete topology.yaml by."""
    SCHEMA.write_text(schema())
    for document in documents():
        text = document.read_text()
        if text != generated(text):
            document.write_text(generated(text))
            print(document.relative_to(ROOT))  # noqa: T201 - a command of its own


if __name__ == "__main__":
    main()
