"""Rows that PostgreSQL accepts and a reader must reject. Their ids begin with ``poison-``."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count, cycle
from types import MappingProxyType
from typing import Any

from workers.dev.sample.registry.change import Change, Kind


class PoisonKind(StrEnum):
    """What is wrong with a row."""

    PRICE_NEGATIVE = "price_negative"
    PRICE_IS_TEXT = "price_is_text"
    COST_WITHOUT_OUTPUT = "cost_without_output"
    COST_IS_LIST = "cost_is_list"
    VERSION_PATTERN = "version_pattern"
    METADATA_IS_LIST = "metadata_is_list"
    ALIASES_ARE_TEXT = "aliases_are_text"
    CLOCK_NOT_INTEGERS = "clock_not_integers"
    CONTEXT_WINDOW_NEGATIVE = "context_window_negative"
    NO_PROVIDER = "no_provider"
    EMPTY_MODEL_ID = "empty_model_id"
    NO_JSON_SCHEMA = "no_json_schema"


GOOD: Mapping[str, Any] = MappingProxyType(
    {
        "version": "2025-01-01",
        "provider": "sample",
        "context_window": 8_192,
        "training_cutoff": None,
        "cost_per_1k_tokens": {"input": 0.001, "output": 0.002},
        "effective_from": datetime(2025, 1, 1, tzinfo=UTC),
        "deprecated": False,
        "metadata": {},
    }
)
BAD_COLUMNS: Mapping[PoisonKind, Mapping[str, Any]] = {
    PoisonKind.PRICE_NEGATIVE: {"cost_per_1k_tokens": {"input": -0.001, "output": 0.002}},
    PoisonKind.PRICE_IS_TEXT: {"cost_per_1k_tokens": {"input": "0.001", "output": 0.002}},
    PoisonKind.COST_WITHOUT_OUTPUT: {"cost_per_1k_tokens": {"input": 0.001}},
    PoisonKind.COST_IS_LIST: {"cost_per_1k_tokens": [0.001, 0.002]},
    PoisonKind.VERSION_PATTERN: {"version": "the newest"},
    PoisonKind.METADATA_IS_LIST: {"metadata": ["name"]},
    PoisonKind.ALIASES_ARE_TEXT: {"metadata": {"aliases": "sample"}},
    PoisonKind.CLOCK_NOT_INTEGERS: {"metadata": {"vector_clock": {"berlin": "7"}}},
    PoisonKind.CONTEXT_WINDOW_NEGATIVE: {"context_window": -1},
    PoisonKind.NO_PROVIDER: {"provider": None},
    PoisonKind.EMPTY_MODEL_ID: {"model_id": ""},
}
"""Columns that make a model bad."""


def strew(changes: Iterable[Change], percent: float) -> Iterator[Change]:
    """Yield all changes with bad ones added, in turns: ``percent`` per hundred good ones."""
    kinds, numbers, owed = cycle(PoisonKind), count(), 0.0
    for change in changes:
        owed += percent / 100
        while owed >= 1:
            owed -= 1
            yield poison(next(kinds), next(numbers))
        yield change


def poison(kind: PoisonKind, number: int) -> Change:
    """Return one bad row; ``number`` makes its id unique."""
    name = f"poison-{number}"
    if kind is PoisonKind.NO_JSON_SCHEMA:
        columns = {"schema_id": name, "version": "1.0.0", "json_schema": {"type": 7}, "compatible_models": []}
        return Change(Kind.SCHEMA, columns, kind)
    return Change(Kind.MODEL, {"model_id": name, **GOOD, **BAD_COLUMNS[kind]}, kind)
