"""Invocations by time, a page at a time, computed again."""

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
    """Timestamps from ``since`` until before ``until``, epoch milliseconds, ``page`` Invocations at a time."""

    since: int
    until: int | None = None
    page: int = 1_000


async def pages(graph: GraphConnection, book: PriceBook, window: Window) -> AsyncIterator[list[Revision]]:
    """Return every Invocation of the window once; one whose time is corrected meanwhile is its worker's to price."""
    since, after = window.since, ""
    until = FOR_EVER if window.until is None else window.until
    while rows := await graph.rows(PAGE, since=since, until=until, after=after, limit=window.page):
        yield [revise(row, book) for row in rows]
        since, after = _place(rows[-1])


def _place(row: Mapping[str, Any]) -> tuple[int, str]:
    return row["columns"][2], row["key"]
