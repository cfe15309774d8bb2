"""Show what repricing would change, and write it on request."""

from collections.abc import Callable
from dataclasses import dataclass

from workers.adapters.graph.connection import GraphConnection
from workers.engine.reference_data import refresh
from workers.ops.reprice.difference import Difference
from workers.ops.reprice.pages import Window, pages
from workers.ops.reprice.statements import WRITE
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.pricing import PriceBook
from workers.pipelines.telemetry.prices.reference import RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook

Progress = Callable[[str], None]


@dataclass(slots=True)
class Written:
    """How many Invocations were written, and how many skipped as changed meanwhile."""

    written: int = 0
    changed_meanwhile: int = 0


async def price_book(graph: GraphConnection) -> PriceBook:
    """Read the registry's history into a price book, as telemetry does."""
    catalogue = Catalogue()
    history = RegistryHistory(catalogue.named)
    await refresh(RegistryReference(history), lambda query: graph.rows(query.cypher, **query.parameters))
    return RegistryPriceBook(history, catalogue)


async def compare(graph: GraphConnection, book: PriceBook, window: Window, progress: Progress) -> Difference:
    """Sum up what would change; write nothing."""
    difference = Difference()
    async for revisions in pages(graph, book, window):
        difference.add(revisions)
        total = difference.total
        progress(f"{total.invocations:,} invocations compared, {total.differing:,} differ")
    return difference


async def execute(graph: GraphConnection, book: PriceBook, window: Window, progress: Progress) -> Written:
    """Write the differences, one transaction per page. Safe to repeat, to stop and to run beside workers."""
    done = Written()
    async for revisions in pages(graph, book, window):
        # In the order of keys, so that two runs at once cannot deadlock.
        rows = sorted((each.row() for each in revisions if each.differs), key=lambda row: str(row["key"]))
        if rows:
            (answer,) = await graph.rows(WRITE, rows=rows)
            done.written += answer["written"]
            done.changed_meanwhile += len(rows) - answer["written"]
            progress(f"{done.written:,} invocations repriced, {done.changed_meanwhile:,} changed meanwhile")
    return done
