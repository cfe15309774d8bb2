"""A record of a dead-letter topic."""

from typing import NamedTuple

from workers.adapters.kafka.headers import DeadLetterHeaders, parse
from workers.core.record import ConsumedRecord

UNKNOWN = "unknown"


class Origin(NamedTuple):
    """The place of the record that failed, and its timestamp in epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int


class Letter(NamedTuple):
    """A dead letter. ``errors`` is ``None`` where the record lacks our headers, and ``problem`` says which."""

    record: ConsumedRecord
    errors: DeadLetterHeaders | None
    problem: str = ""

    @property
    def code(self) -> str:
        """Return the dead-letter code."""
        return self.errors.code if self.errors else UNKNOWN

    @property
    def stage(self) -> str:
        """Return the stage at which the record failed."""
        return self.errors.stage if self.errors else UNKNOWN

    @property
    def worker(self) -> str:
        """Return the worker that rejected the record."""
        return self.errors.worker if self.errors else UNKNOWN

    @property
    def failed_at(self) -> int:
        """Return when the record failed last, epoch milliseconds."""
        return self.errors.failed_at if self.errors else self.record.timestamp

    @property
    def replays(self) -> int:
        """Return how many replays have sent the record back before."""
        return self.errors.replay_count if self.errors else 0

    @property
    def origin(self) -> Origin | None:
        """Return where the record came from."""
        errors = self.errors
        return Origin(errors.topic, errors.partition, errors.offset, errors.timestamp) if errors else None


def letter_of(record: ConsumedRecord) -> Letter:
    """Read our headers of a record of a dead-letter topic. Never raises: anybody can write to a topic."""
    try:
        return Letter(record, parse(record.headers))
    except ValueError as error:
        return Letter(record, None, str(error))
