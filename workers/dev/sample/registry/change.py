"""A change of the registry's tables, before it is SQL."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """What is done. Each is one SQL statement that can be repeated, see ``sql``."""

    MODEL = "model"
    PRICE = "price"
    DEPRECATE = "deprecate"
    DELETE = "delete"
    VERSION = "version"
    CAPABILITY = "capability"
    NO_CAPABILITY = "no_capability"
    SCHEMA = "schema"


class Change(NamedTuple):
    """One row, inserted, updated or deleted: the columns it is about, JSON columns as plain values.

    ``poison`` says what is wrong with it, where it is meant to be turned away.
    """

    kind: Kind
    columns: Mapping[str, Any]
    poison: str | None = None
