"""What is told of a model's use within a window, computed so that equal calls come to equal numbers."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import orjson


class Metrics(NamedTuple):
    """The document's metrics: latency in milliseconds, the rate from 0 to 1.

    Use cases are the most frequent ones, the most frequent first, each with the number of calls that name it.
    """

    total_invocations: int
    unique_users: int
    avg_latency_ms: float | None
    error_rate: float
    top_use_cases: tuple[tuple[str, int], ...]

    def plain(self) -> dict[str, Any]:
        """Return plain values in the document's form, for JSON."""
        top = [{"use_case": use_case, "count": uses} for use_case, uses in self.top_use_cases]
        return {**self._asdict(), "top_use_cases": top}

    def digest(self) -> str:
        """Return 32 hex digits that tell these numbers from others."""
        return sha256(orjson.dumps(self.plain())).hexdigest()[:32]


UNUSED = Metrics(0, 0, None, 0.0, ())
"""Of a model whose calls have all moved elsewhere since it was counted."""


def metrics_of(counted: Mapping[str, Any], use_cases: Iterable[tuple[str, int]]) -> Metrics:
    """Compute the metrics of a model that has calls.

    ``counted`` has ``total``, ``users``, ``failed``, and of the calls that were ``measured`` the sum ``latency_us``
    in whole microseconds.
    """
    total, measured = counted["total"], counted["measured"]
    return Metrics(
        total,
        counted["users"],
        round(counted["latency_us"] / measured / 1000, 3) if measured else None,
        round(counted["failed"] / total, 6),
        tuple((use_case, uses) for use_case, uses in use_cases),
    )
