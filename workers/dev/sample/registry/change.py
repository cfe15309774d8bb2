"""A change of the registry's tables, before it becomes SQL."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """The kind of change. Each is one SQL statement that can be repeated, see ``sql``."""

    MODEL = "model"
    PRICE = "price"
    DEPRECATE = "deprecate"
    DELETE = "delete"
    VERSION = "version"
    CAPABILITY = "capability"
    NO_CAPABILITY = "no_capability"
    SCHEMA = "schema"


class Change(NamedTuple):
    """One row to insert, update or delete; JSON columns are plain values.

    ``poison`` says what is wrong with it, if a reader must reject it.
    """

    kind: Kind
    columns: Mapping[str, Any]
    poison: str | None = None
