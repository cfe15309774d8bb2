"""The events of chains whose first part has left the graph: from the archive, and the rest from the graph."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from workers.adapters.object_store.store import ObjectStore
from workers.core.job import ObjectStoreAt
from workers.ops.audit.archive.known import listed
from workers.ops.audit.archive.search import whole_batch
from workers.ops.audit.finding import Chain
from workers.ops.audit.graph.events import GraphSource
from workers.pipelines.audit.archive.batch import Batch, read_name
from workers.pipelines.audit.chain.stored import Stored


class ArchivedSource:
    """Reads chains page by page, as ``GraphSource`` does. Raises ``ProblemsFound`` for an object that was changed."""

    def __init__(self, at: ObjectStoreAt, graph: GraphSource) -> None:
        self._at = at
        self._graph = graph

    async def place_of(self, audit_id: str, names: Sequence[str]) -> tuple[Chain, int] | None:
        """Return the chain and the sequence of a record in these objects; ``None`` where none has it."""
        return await asyncio.to_thread(self._place_in, audit_id, names)

    async def pages(self, chain: Chain, first: int, last: int) -> AsyncIterator[Sequence[Stored]]:
        """Yield the events from one sequence to another, both included.

        The graph is read first: what leaves it meanwhile has been in the archive before.
        """
        here = [page async for page in self._graph.pages(chain, first, last)]
        begin = here[0][0].sequence if here else last + 1
        if first < begin and self._at.url:
            yield await asyncio.to_thread(lambda: list(self._archived(chain, first, begin - 1)))
        for page in here:
            yield page

    def _place_in(self, audit_id: str, names: Sequence[str]) -> tuple[Chain, int] | None:
        for batch in self._batches(names):
            for event in batch.events:
                if event.audit_id == audit_id:
                    return Chain(*batch.chain), event.sequence
        return None

    def _archived(self, chain: Chain, first: int, last: int) -> Iterator[Stored]:
        names = listed(ObjectStore(self._at), chain.topic).get(chain, [])
        begins = [(read.first if (read := read_name(name)) else 0, name) for name in names]
        # An object ends where the next one begins.
        ends = [begin for begin, _ in begins[1:]] + [last + 1]
        wanted = [name for (begin, name), end in zip(begins, ends, strict=True) if begin <= last and end > first]
        for batch in self._batches(wanted):
            yield from (each for each in batch.events if first <= each.sequence <= last)

    def _batches(self, names: Sequence[str]) -> Iterator[Batch]:
        store = ObjectStore(self._at)
        return (whole_batch(store, name) for name in names)
