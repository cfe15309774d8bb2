"""Compare two versions of a JSON Schema: whether each accepts all that the other accepts."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jsoncompat
import orjson

from workers.core.fingerprint import fingerprint
from workers.pipelines.evolution.limits import MAX_COMPARED_BYTES
from workers.pipelines.evolution.states import ChangeClass

UNCOMPARED = frozenset({"pattern", "dependentSchemas", "dependencies", "unevaluatedProperties", "unevaluatedItems"})
"""Keywords that restrict a schema and that jsoncompat ignores: the effect of their change is unknown."""

NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions"})
"""Keywords whose keys are names, not keywords."""

VALUES = frozenset({"const", "enum", "default", "examples"})
"""Keywords that hold values, not schemas."""


class Comparison(NamedTuple):
    """The class of a change, and its reason."""

    change_class: ChangeClass
    why: str


FIRST_VERSION = Comparison(ChangeClass.BACKWARD, "the first version of its schema")
EQUAL = Comparison(ChangeClass.BACKWARD, "it accepts exactly what the version before accepts")
BACKWARD = Comparison(ChangeClass.BACKWARD, "it accepts all that the version before accepts, and more")
FORWARD = Comparison(ChangeClass.FORWARD, "the version before accepts all that it accepts, and more")
NEITHER = Comparison(ChangeClass.BREAKING, "it and the version before each accept what the other does not")


def compare(before: str, after: str) -> Comparison:
    """Compare two JSON Schemas, as texts. A change that cannot be decided is breaking, with the reason."""
    if max(len(before.encode()), len(after.encode())) > MAX_COMPARED_BYTES:
        return _undecided(f"one of them has more than {MAX_COMPARED_BYTES} bytes")
    try:
        if fingerprint(before) == fingerprint(after):
            return EQUAL
        # A reader with the new schema is a deserializer of old values; a writer with the new schema is a serializer.
        backward = jsoncompat.check_compat(before, after, "deserializer")
        forward = jsoncompat.check_compat(before, after, "serializer")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic in the library's Rust is no Exception
        return _undecided(str(error) or type(error).__name__)
    if differing := _uncompared(before) ^ _uncompared(after):
        return _undecided(f"{', '.join(sorted({keyword for keyword, _, _ in differing}))} differs")
    return {(True, True): EQUAL, (True, False): BACKWARD, (False, True): FORWARD}.get((backward, forward), NEITHER)


def _undecided(problem: str) -> Comparison:
    return Comparison(ChangeClass.BREAKING, f"their compatibility cannot be decided: {problem}")


def _uncompared(text: str) -> set[tuple[str, str, bytes]]:
    return set(_found(orjson.loads(text), ""))


def _found(schema: Any, path: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield the uncompared keywords of a schema and its parts: keyword, path and value."""
    if isinstance(schema, list):
        for place, part in enumerate(schema):
            yield from _found(part, f"{path}/{place}")
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        here = f"{path}/{keyword}"
        if keyword in UNCOMPARED:
            yield keyword, here, orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        elif keyword in NAMED_SCHEMAS and isinstance(value, dict):
            for name, part in value.items():
                yield from _found(part, f"{here}/{name}")
        elif keyword not in VALUES:
            yield from _found(value, here)
