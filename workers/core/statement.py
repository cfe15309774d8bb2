"""What is to be written: Cypher with its rows. Adapters run it, workers only plan it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """One Cypher statement that starts with ``UNWIND $rows AS row``, and the rows to run it on.

    Every statement must be idempotent by itself (natural keys): records do come back at new offsets.
    Rows hold plain values only; points in time are epoch milliseconds that Cypher turns into ``datetime``.
    ``name`` labels metrics and errors.
    """

    name: str
    cypher: str
    rows: Sequence[Mapping[str, Any] | Sequence[Any]]
