"""``memory-graph audit proof``: what proves one record to somebody who has neither the graph nor the topic."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from workers.adapters.graph.connection import GraphConnection
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.audit.archive.events import ArchivedSource
from workers.ops.audit.archive.search import Wanted, objects_of
from workers.ops.audit.checkpoint_log import Log, Published
from workers.ops.audit.finding import Chain
from workers.ops.audit.search import ArchiveOf
from workers.pipelines.audit.chain.canonical import canonical
from workers.pipelines.audit.chain.stored import Stored

ANY = Wanted(None, None, None, frozenset(), frozenset())
FIX = "run `memory-graph audit verify` with --source graph, then with --source archive"
PLACE = """
MATCH (e:AuditEvent {id: $id})
RETURN e.topic AS topic, e.partition AS partition, e.chain_id AS chain_id, e.sequence AS sequence
"""


class Events(Protocol):
    """Where the events of a chain are read."""

    def pages(self, chain: Chain, first: int, last: int) -> AsyncIterator[Sequence[Stored]]: ...


async def place_of(
    graph: GraphConnection, audit_id: str, source: ArchivedSource, archive: ArchiveOf
) -> tuple[Chain, int]:
    """Return the chain and the sequence of a record: of the graph, or of an object whose events have left it.

    Raises ``Misconfigured`` where neither has it.
    """
    rows = await graph.rows(PLACE, id=audit_id)
    if rows:
        row = rows[0]
        return Chain(row["topic"], row["partition"], row["chain_id"]), row["sequence"]
    names = await objects_of(graph, archive.topic, ANY)
    if names and not archive.store.url:
        raise Misconfigured(
            f"{audit_id} may be in {len(names):,} objects of the archive: set workers.audit.archive.url"
        )
    place = await source.place_of(audit_id, names) if names else None
    if place is None:
        raise Misconfigured(
            f"neither the graph nor the archive has an AuditEvent {audit_id}: `memory-graph audit search` lists them"
        )
    return place


async def proof_of(source: Events, chain: Chain, sequence: int, log: Log) -> dict[str, Any]:
    """Return the proof of a record: the events from it up to the next checkpoint, and that checkpoint.

    Raises ``ProblemsFound`` without such a checkpoint, and where the events do not lead to it.
    """
    checkpoint = _next(log, chain, sequence)
    last = checkpoint.checkpoint.sequence
    events = [event async for page in source.pages(chain, sequence, last) for event in page]
    _check(events, sequence, checkpoint)
    texts = [canonical(event.event or {}).decode() for event in events]
    return {
        "audit_id": events[0].audit_id,
        **chain._asdict(),
        "sequence": sequence,
        "prev_hash": events[0].prev_hash,
        "canonical": texts[0],
        "hash": events[0].hash,
        "following": [{"canonical": text, "hash": each.hash} for text, each in zip(texts, events, strict=True)][1:],
        "checkpoint": checkpoint.checkpoint.canonical.decode(),
        "signature": checkpoint.signature or None,
        "public_key": checkpoint.public_key.decode() or None,
    }


def _next(log: Log, chain: Chain, sequence: int) -> Published:
    """Return the next signed checkpoint; without one, the next."""
    later = [each for each in log.published if each.checkpoint.sequence >= sequence]
    signed = [each for each in later if each.public_key]
    if not later:
        raise ProblemsFound(
            f"record {sequence:,} of partition {chain.partition} has no checkpoint after it yet: wait for the next, at "
            "most `checkpoint.every_seconds` of topology.yaml"
        )
    return (signed or later)[0]


def _check(events: list[Stored], sequence: int, checkpoint: Published) -> None:
    hash_ = events[0].prev_hash if events else ""
    for number, event in enumerate(events, sequence):
        if event.sequence != number or event.hash_after(hash_) != event.hash:
            raise ProblemsFound(f"record {number:,} was edited or removed: {FIX}")
        hash_ = event.hash
    if hash_ != checkpoint.checkpoint.hash:
        raise ProblemsFound(f"the records do not lead to the checkpoint at {checkpoint.checkpoint.sequence:,}: {FIX}")
