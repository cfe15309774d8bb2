"""Class a version of a JSON Schema against the one before, by whether each takes all that the other takes."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jsoncompat
import orjson

from workers.core.fingerprint import fingerprint
from workers.pipelines.evolution.limits import MAX_COMPARED_BYTES
from workers.pipelines.evolution.states import ChangeClass

UNCOMPARED = frozenset({"pattern", "dependentSchemas", "dependencies", "unevaluatedProperties", "unevaluatedItems"})
"""Keywords that narrow what a schema takes, and that jsoncompat passes over: what a change of them does is unknown."""

NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions"})
"""Keywords whose keys are names of the publisher's, not keywords."""

VALUES = frozenset({"const", "enum", "default", "examples"})
"""Keywords that hold values, not schemas."""


class Verdict(NamedTuple):
    """A class, and the reason in words."""

    change_class: ChangeClass
    why: str


FIRST_VERSION = Verdict(ChangeClass.BACKWARD, "the first version of its schema")
EQUAL = Verdict(ChangeClass.BACKWARD, "it takes exactly what the version before takes")
BACKWARD = Verdict(ChangeClass.BACKWARD, "it takes all that the version before takes, and more")
FORWARD = Verdict(ChangeClass.FORWARD, "the version before takes all that it takes, and more")
NEITHER = Verdict(ChangeClass.BREAKING, "it and the version before each take what the other does not")


def classified(before: str, after: str) -> Verdict:
    """Compare two JSON Schemas, as text. What cannot be decided is breaking, with the reason."""
    if max(len(before.encode()), len(after.encode())) > MAX_COMPARED_BYTES:
        return _undecided(f"one of them has more than {MAX_COMPARED_BYTES} bytes")
    try:
        if fingerprint(before) == fingerprint(after):
            return EQUAL
        # Who reads by the new schema is a deserializer of what the old one allowed; who writes by it, a serializer.
        backward = jsoncompat.check_compat(before, after, "deserializer")
        forward = jsoncompat.check_compat(before, after, "serializer")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic in the library's Rust is no Exception
        return _undecided(str(error) or type(error).__name__)
    if differing := _uncompared(before) ^ _uncompared(after):
        return _undecided(f"{', '.join(sorted({keyword for keyword, _, _ in differing}))} differs")
    return {(True, True): EQUAL, (True, False): BACKWARD, (False, True): FORWARD}.get((backward, forward), NEITHER)


def _undecided(problem: str) -> Verdict:
    return Verdict(ChangeClass.BREAKING, f"whether they go together cannot be decided: {problem}")


def _uncompared(text: str) -> set[tuple[str, str, bytes]]:
    return set(_found(orjson.loads(text), ""))


def _found(schema: Any, path: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield the uncompared keywords of a schema and of its parts: which, where, and what they say."""
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
