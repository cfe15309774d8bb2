"""The jobs that archive events with their checkpoints, and measure how far they are behind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workers.core.errors import RequestRejected
from workers.core.job import ObjectStep, Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.pipelines.audit.archive.batch import Batch, Signed, compressed, digest, name_of, read_batch, text_of
from workers.pipelines.audit.archive.metrics import ARCHIVE_LAG
from workers.pipelines.audit.archive.options import ArchiveOptions
from workers.pipelines.audit.archive.queries import ARCHIVE_LATER, ARCHIVED, LAG, due
from workers.pipelines.audit.chain.link import genesis
from workers.pipelines.audit.chain.stored import stored
from workers.pipelines.audit.checkpoints.checkpoint import read_checkpoint
from workers.pipelines.audit.fold.chain import ChainName

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ArchiveEvents:
    """Puts the next events of a chain into the archive, up to its newest checkpoint.

    An object's name follows from its first event. So after a crash the same object is found again, whatever else was
    linked meanwhile, and what it holds is taken over.
    """

    topic: str
    chain_id: str
    options: ArchiveOptions
    name: str = "audit-archive"
    every_seconds: float = 5.0

    def query(self, now_ms: int) -> Query:
        options = self.options
        archive = {"topic": self.topic, "chain_id": self.chain_id, "url": options.url}
        return due(archive, now_ms, now_ms - options.every_seconds * 1000, options.every_events)

    def steps(self, rows: Sequence[Row], now_ms: int) -> Iterable[ObjectStep]:  # noqa: ARG002 - the query has the time
        """Return a step for the chain that waits for longest."""
        return [self._step(row) for row in rows]

    def _step(self, row: Row) -> ObjectStep:
        made = Archiving(ChainName(self.topic, row["partition"], self.chain_id), row)
        subject, later = f"the archive of partition {row['partition']}", Query(ARCHIVE_LATER, {"id": row["id"]})
        return ObjectStep(subject, self.options.store, made.name, made.content, made.archived, later)


class Archiving:
    """One object that is due, by its row. All but its name is made in a thread: it may have thousands of events."""

    def __init__(self, chain: ChainName, row: Row) -> None:
        self._chain = chain
        self._row = row

    @property
    def name(self) -> str:
        """Return the object's name."""
        checkpoints = self._row["checkpoints"]
        digest_ = checkpoints[-1]["digest"] if checkpoints else ""
        at = self._row["events"][0].get("timestamp") if self._row["events"] else None
        return name_of(self._chain, self._row["after"] + 1, at, digest_, self._row["newest"])

    @cached_property
    def batch(self) -> Batch:
        """Return what the graph has."""
        row = self._row
        events = [stored(each.get("sequence"), each) for each in row["events"]]
        read = [(read_checkpoint(each["value"].encode()), each["signature"]) for each in row["checkpoints"]]
        checkpoints = [Signed(checkpoint, signature) for checkpoint, signature in read if checkpoint is not None]
        before = row["hash"] if row["after"] else genesis(*self._chain).hash.hex()
        return Batch(self._chain, row["after"], before, events, checkpoints)

    def content(self) -> bytes:
        """Return the object's bytes. Raises ``RequestRejected`` for events that are not those that were linked."""
        wrong = self.batch.broken
        if not wrong and self.batch.last < self._row["last"]:
            wrong = f"the record {self.batch.last + 1:,} is not in the graph"
        if wrong:
            fix = "run `memory-graph audit verify --source topic`"
            raise RequestRejected(f"{wrong}; nothing after it is archived: {fix}")
        return compressed(text_of(self.batch))

    def archived(self, content: bytes) -> list[Query]:
        """Return what is noted of the object, which may have been there before. Raises ``RequestRejected``."""
        try:
            found = read_batch(content)
            wrong = found.broken or _difference(self.batch, found)
        except ValueError as error:
            wrong = str(error)
        if wrong:
            raise RequestRejected(
                f"the archive has another object {self.name} ({wrong}): it was replaced, or another graph uses this "
                "archive; run `memory-graph audit verify --source archive`"
            )
        earliest, latest = found.times
        newest = max((each.checkpoint.created_ms for each in found.checkpoints), default=0)
        parameters = {
            "id": self._row["id"],
            "after": found.after,
            "last": found.last,
            "hash": found.hash,
            "name": self.name,
            "events": len(found.events),
            "digest": digest(content),
            "from": earliest or newest,
            "to": latest or newest,
            "until": max(latest, newest),
            "checkpoints": [each.checkpoint.digest for each in found.checkpoints],
        }
        return [Query(ARCHIVED, parameters)]


def _difference(ours: Batch, found: Batch) -> str:
    """Return where two batches part that begin with the same event; one may go on for longer than the other."""
    if (ours.chain, ours.after, ours.prev_hash) != (found.chain, found.after, found.prev_hash):
        return "it does not begin with the same record"
    pairs = zip(ours.events, found.events, strict=False)
    return next((f"its record {a.sequence:,} is another one" for a, b in pairs if a.hash != b.hash), "")


@dataclass(frozen=True, slots=True)
class MeasureArchiveLag:
    """Sets a gauge for each partition, and changes nothing."""

    topic: str
    chain_id: str
    url: str | None
    name: str = "audit-archive-lag"
    every_seconds: float = 5.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - what is not archived does not depend on it
        return Query(LAG, {"topic": self.topic, "chain_id": self.chain_id, "url": self.url})

    def steps(self, rows: Sequence[Row], now_ms: int) -> Iterable[Step]:
        """Return one step that sets the gauges."""
        lags = [(row["partition"], max(0.0, (now_ms - (row["since"] or now_ms)) / 1000)) for row in rows]
        return [Step([Measurement(ARCHIVE_LAG, lag, (str(partition),)) for partition, lag in lags], None)]
