"""Cypher statements with their rows. Pipelines plan them, the graph adapter runs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """One Cypher statement that starts with ``UNWIND $rows AS row``, and the rows to run it on.

    Every statement must be idempotent by itself (natural keys), because records do come back at new offsets.
    Rows hold plain values only; points in time are epoch milliseconds that Cypher turns into ``datetime``.
    ``name`` labels metrics and errors.
    """

    name: str
    cypher: str
    rows: Sequence[Mapping[str, Any] | Sequence[Any]]
