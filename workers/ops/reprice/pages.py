"""Invocations by time, computed again, page by page."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from workers.adapters.graph.connection import GraphConnection
from workers.ops.reprice.revision import Revision, revise
from workers.ops.reprice.statements import PAGE
from workers.pipelines.telemetry.prices.pricing import PriceBook

FOR_EVER = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z in epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class Window:
    """Timestamps from ``since`` (included) to ``until`` (excluded), in epoch milliseconds.

    ``page`` is the number of Invocations read at a time.
    """

    since: int
    until: int | None = None
    page: int = 1_000


async def pages(graph: GraphConnection, book: PriceBook, window: Window) -> AsyncIterator[list[Revision]]:
    """Yield every Invocation of the window once.

    If a worker changes an Invocation's time meanwhile, that worker also prices it.
    """
    since, after = window.since, ""
    until = FOR_EVER if window.until is None else window.until
    while rows := await graph.rows(PAGE, since=since, until=until, after=after, limit=window.page):
        yield [revise(row, book) for row in rows]
        since, after = _place(rows[-1])


def _place(row: Mapping[str, Any]) -> tuple[int, str]:
    return row["columns"][2], row["key"]
