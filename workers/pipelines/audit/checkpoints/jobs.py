"""The jobs that make checkpoints, and measure how old they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from workers.core.clock import iso
from workers.core.job import DeadLettersStep, PublishSigned, Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.pipelines.audit.checkpoints.checkpoint import TOPIC, Checkpoint, read_checkpoint
from workers.pipelines.audit.checkpoints.metrics import CHECKPOINT_AGE, UNSIGNED
from workers.pipelines.audit.checkpoints.options import CheckpointOptions
from workers.pipelines.audit.checkpoints.queries import KEEP, PUBLISHED, ages, due

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MakeCheckpoints:
    """Makes the checkpoint of each chain that is due: first it is kept in the graph, then it is published.

    ``archived`` tells whether it waits in the graph for the archive then.
    """

    topic: str
    chain_id: str
    options: CheckpointOptions
    archived: bool = False
    name: str = "audit-checkpoints"
    every_seconds: float = 1.0

    def query(self, now_ms: int) -> Query:
        return due(self.topic, self.chain_id, now_ms - self.options.every_seconds * 1000, self.options.every_events)

    def steps(self, rows: Sequence[Row], now_ms: int) -> Iterable[Step | DeadLettersStep]:
        """Return a step for each chain."""
        return [self._keep(row, now_ms) if row["pending"] is None else self._publish(row) for row in rows]

    def _keep(self, row: Row, now_ms: int) -> DeadLettersStep:
        return DeadLettersStep(self.topic, row["partition"], row["dead_letters"], partial(self._kept, row, now_ms))

    def _kept(self, row: Row, now_ms: int, dead_letters: Sequence[int], following: int) -> Query:
        number = row["number"] + 1
        checkpoint = Checkpoint(
            topic=self.topic,
            partition=row["partition"],
            chain_id=self.chain_id,
            number=number,
            sequence=row["sequence"],
            hash=row["hash"],
            previous=row["digest"],
            dead_letters=dead_letters,
            created_at=iso(now_ms),
        )
        pending = checkpoint.canonical.decode()
        return Query(KEEP, {"id": row["id"], "number": number, "pending": pending, "dead_letters": following})

    def _publish(self, row: Row) -> Step:
        value = row["pending"].encode()
        checkpoint, options = read_checkpoint(value), self.options
        if checkpoint is None:
            raise ValueError(f"AuditChain {row['id']} has no checkpoint in checkpoint_pending: remove that property")
        effect = PublishSigned(
            TOPIC,
            row["id"].encode(),
            value,
            options.mount,
            options.key,
            options.on_outage == "hold",
            UNSIGNED,
        )
        kept = {"id": row["id"], "pending": row["pending"], "digest": checkpoint.digest, "archived": self.archived}
        facts = {"number": checkpoint.number, "sequence": checkpoint.sequence, "created_at": checkpoint.created_at}
        return Step([effect], Query(PUBLISHED, kept | facts))


@dataclass(frozen=True, slots=True)
class MeasureCheckpointAge:
    """Sets a gauge for each partition, and changes nothing."""

    topic: str
    chain_id: str
    name: str = "audit-checkpoint-age"
    every_seconds: float = 5.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - the times of the checkpoints do not depend on it
        return ages(self.topic, self.chain_id)

    def steps(self, rows: Sequence[Row], now_ms: int) -> Iterable[Step]:
        """Return one step that sets the gauges."""
        return [
            Step(
                [
                    Measurement(CHECKPOINT_AGE, max(0.0, (now_ms - row["since"]) / 1000), (str(row["partition"]),))
                    for row in rows
                ],
                None,
            )
        ]
