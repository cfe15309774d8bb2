"""A record of a dead-letter topic."""

from typing import NamedTuple

from workers.adapters.kafka.foreign_headers import UNKNOWN, read_errors
from workers.adapters.kafka.headers import PREFIX, DeadLetterHeaders, without
from workers.core.record import ConsumedRecord, Headers


class Origin(NamedTuple):
    """The place of the record that failed, and its timestamp in epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int


class Letter(NamedTuple):
    """A dead letter of ours or of another system.

    ``errors``   ``None`` where no headers say where the record came from, and ``problem`` says which one is missing
    ``written``  what the names of the headers begin with that were added when it failed
    """

    record: ConsumedRecord
    errors: DeadLetterHeaders | None
    problem: str = ""
    written: str = PREFIX

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
        return Origin(*self.errors[:4]) if self.errors else None

    @property
    def place(self) -> tuple[int, int]:
        """Return the partition and the offset of the letter itself."""
        return self.record.partition, self.record.offset

    @property
    def headers(self) -> Headers:
        """Return the headers that the record had before it failed, without those of earlier replays."""
        return without((PREFIX, self.written), self.record.headers)

    @property
    def has_record(self) -> bool:
        """Tell whether the letter has a copy of its record: a share group writes none by default."""
        return self.record.key is not None or self.record.value is not None


def letter_of(record: ConsumedRecord) -> Letter:
    """Read the headers of a record of a dead-letter topic. Never raises: anybody can write to a topic."""
    try:
        written, errors = read_errors(record)
        return Letter(record, errors, written=written)
    except ValueError as error:
        return Letter(record, None, str(error))
