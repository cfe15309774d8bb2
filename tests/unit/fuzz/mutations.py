"""Random mutations of what crosses a trust border.

``make test`` tries a few, always the same. ``MEMORY_GRAPH_FUZZ_EXAMPLES=10000 make unit ARGS=tests/unit/fuzz`` tries
that many of each input.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("MEMORY_GRAPH_FUZZ_EXAMPLES", "60"))
FUZZ = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
HANGS_AFTER_SECONDS = 60
MARK = "canary-"
"""How every text begins that must not come out again."""
PRIVATE = st.text(max_size=20).map(lambda text: f"{MARK}{text}")
TOO_LONG = "x" * 70_000
INTERESTING = (
    b"\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x80",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"%s%n",
    b"'\"",
    b"\r\n",
    b"\x1b[31m",
    b"${jndi:ldap://x}",
    b"*a",
    b"&a",
    b"<<",
    b"!!",
    b"{",
    b"[" * 200,
    b"-1",
    b"1e999",
    b"9" * 30,
    b"null",
    b"true",
    b": ",
    b"- ",
    b"\t",
    b"@",
    b"%00",
    b"../",
)
"""Bytes that parsers are known to trip over."""

_edit = st.tuples(
    st.sampled_from(("replace", "insert", "cut", "repeat", "end")),
    st.integers(0, 2**16),
    st.integers(1, 12),
    st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(INTERESTING)),
)


@st.composite
def mutated(draw: st.DrawFn, originals: Sequence[bytes]) -> bytes:
    """Draw one of the originals, with one to six places changed."""
    value = draw(st.sampled_from(originals))
    for kind, at, size, content in draw(st.lists(_edit, min_size=1, max_size=6)):
        place = at % (len(value) + 1)
        before, within, after = value[:place], value[place : place + size], value[place + size :]
        value = {
            "replace": before + content + after,
            "insert": before + content + within + after,
            "cut": before + after,
            "repeat": before + within * size + after,
            "end": before,
        }[kind]
    return value


def values_of(schema: Any, known: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Return values of an Avro type, also such as nobody expects."""
    named = {} if known is None else known
    if isinstance(schema, list):
        return st.one_of(*(values_of(each, named) for each in schema))
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, list | dict):
        return values_of(kind, named)
    if kind in {"record", "enum"}:
        named[schema["name"]] = schema
    parts: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "record": lambda: st.fixed_dictionaries(
            {each["name"]: values_of(each["type"], named) for each in schema["fields"]}
        ),
        "enum": lambda: st.sampled_from(schema["symbols"]),
        "map": lambda: st.dictionaries(TEXTS, values_of(schema["values"], named), max_size=3),
        "array": lambda: st.lists(values_of(schema["items"], named), max_size=3),
    }
    if kind in parts:
        return parts[kind]()
    return SIMPLE[kind] if kind in SIMPLE else values_of(named[kind], named)


LEAVES = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(-10, 10**20), st.text(max_size=5))
NAMES = st.one_of(
    st.text(max_size=5), st.sampled_from(("type", "input", "aliases", "capabilities", "$ref", "vector_clock"))
)
JSON = st.one_of(
    LEAVES,
    st.lists(LEAVES, max_size=3),
    st.dictionaries(NAMES, st.one_of(LEAVES, st.lists(LEAVES, max_size=2)), max_size=3),
).map(json.dumps)
STRANGE = (
    "",
    "\0",
    "\N{ZERO WIDTH SPACE}",
    "\N{MICROSCOPE}\uffff",
    "../..",
    "null",
    TOO_LONG,
    "{}",
    "[1]",
    "__debezium_unavailable_value",
)
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(STRANGE), JSON)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "string": TEXTS,
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(1_400_000_000_000, 1_800_000_000_000)),
    "double": st.floats(),
    "float": st.floats(width=32),
    "bytes": st.binary(max_size=10),
}


@contextmanager
def in_time() -> Iterator[None]:
    """Fail where something hangs."""

    def hangs(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it hangs: nothing for {HANGS_AFTER_SECONDS} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(HANGS_AFTER_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
