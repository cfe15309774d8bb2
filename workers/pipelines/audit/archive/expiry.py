"""The job that lets old events leave the graph, once the archive holds them and what it holds is verified."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from workers.core.errors import RequestRejected
from workers.core.job import ObjectStep
from workers.core.reference import Query
from workers.pipelines.audit.archive.batch import Batch, digest, read_batch
from workers.pipelines.audit.archive.options import ArchiveOptions
from workers.pipelines.audit.archive.queries import EXPIRE_LATER, EXPIRED, GONE, KEYS, REMOVE, expiring
from workers.pipelines.audit.fold.chain import ChainName

DAY_MS = 86_400_000
TRANSACTION_EVENTS = 1_000
ROTATED = "key.rotated"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExpireEvents:
    """Reads the oldest object whose events are old enough, verifies it, and removes these events from the graph."""

    topic: str
    options: ArchiveOptions
    name: str = "audit-expiry"
    every_seconds: float = 60.0

    def query(self, now_ms: int) -> Query:
        return expiring(self.topic, self.options.url, now_ms, now_ms - self.options.hot_days * DAY_MS)

    def steps(self, rows: Sequence[Row], now_ms: int) -> Iterable[ObjectStep]:  # noqa: ARG002 - the query has the time
        """Return a step for the oldest batch."""
        subject, store = "the expiry of archived events", self.options.store
        return [
            ObjectStep(subject, store, row["name"], None, partial(expired, row), Query(EXPIRE_LATER, {"id": row["id"]}))
            for row in rows
        ]


def expired(row: Row, content: bytes) -> list[Query]:
    """Return what removes the events of an object. Raises ``RequestRejected`` unless it holds exactly these."""
    if wrong := _difference(row, content):
        raise RequestRejected(
            f"{row['name']}: {wrong}; its events stay in the graph: run `memory-graph audit verify --source archive`"
        )
    batch = read_batch(content)
    mark = {name: row[name] for name in ("id", "first", "last", "hash", "name")}
    return [Query(EXPIRED, mark), *_keys(batch), *_removals(batch), Query(GONE, {"name": row["name"]})]


def _difference(row: Row, content: bytes) -> str:
    """Return what is wrong with an object, or what the graph has otherwise; an empty text where both agree."""
    try:
        batch, sha256 = read_batch(content), digest(content)
    except ValueError as error:
        return str(error)
    chain = ChainName(row["topic"], row["partition"], row["chain_id"])
    if (batch.chain, batch.after + 1, batch.last, batch.hash) != (chain, row["first"], row["last"], row["hash"]):
        return f"it does not hold the records {row['first']:,} to {row['last']:,}"
    if batch.broken or sha256 != row["digest"]:
        return batch.broken or "it is not what was archived: its SHA-256 is another one"
    archived = {each.sequence: each.hash for each in batch.events}
    other = next((sequence for sequence, hash_ in row["places"] if archived.get(sequence) != hash_), None)
    return "" if other is None else f"the record {other:,} in the graph is another one"


def _keys(batch: Batch) -> Iterator[Query]:
    events = [each.event for each in batch.events if each.event]
    rotations = [[event["key_id"], event["timestamp"]] for event in events if event["event_type"] == ROTATED]
    if rotations:
        yield Query(KEYS, {"keys": rotations})


def _removals(batch: Batch) -> Iterator[Query]:
    places = [[each.sequence, each.hash] for each in batch.events]
    for begin in range(0, len(places), TRANSACTION_EVENTS):
        yield Query(REMOVE, {**batch.chain._asdict(), "places": places[begin : begin + TRANSACTION_EVENTS]})
