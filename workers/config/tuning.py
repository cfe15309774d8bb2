"""The tunables of a worker: what each one does, and the values it may take."""

from typing import Any

from pydantic import Field

from workers.config.block import Tunables
from workers.config.merging import Accept, Merge
from workers.config.migrating import Migrate
from workers.config.usage import Usage


class Batch(Tunables):
    """When a batch of one partition is closed and written: at whichever limit is met first."""

    max_rows: int = Field(default=1_000, ge=1, le=100_000, description="Records written in one transaction, at most.")
    max_wait_ms: int = Field(default=10, ge=1, le=60_000, description="Age at which a batch is written, full or not.")


class Intake(Tunables):
    """What is taken in ahead of the writing."""

    chunk_records: int = Field(default=500, ge=1, le=10_000, description="Records handed over at once.")
    buffer_mb: int = Field(
        default=256, ge=1, le=65_536, description="MiB of records held in memory; above it, intake pauses."
    )


class Retry(Tunables):
    """How long to wait before the next attempt while a server is away: exponential, with jitter."""

    initial_ms: int = Field(default=100, ge=1, le=60_000, description="Wait before the second attempt.")
    max_ms: int = Field(default=30_000, ge=1, le=3_600_000, description="Longest wait between two attempts.")
    multiplier: float = Field(default=2.0, ge=1, le=10, description="What each wait is longer by, as a factor.")
    jitter_ratio: float = Field(default=0.1, ge=0, le=1, description="Share of a wait that is random.")


class Breaker(Tunables):
    """When to stop asking a server that fails, and when to try it again (source document, 1.2.3, level 4)."""

    error_ratio: float = Field(default=0.05, gt=0, le=1, description="Share of failed attempts that opens it.")
    window_seconds: int = Field(default=30, ge=1, le=3_600, description="Time over which attempts are counted.")
    minimum_failures: int = Field(
        default=5, ge=1, le=1_000, description="Failures in the window below which it never opens."
    )
    probe_after_seconds: list[float] = Field(
        default=[1.0, 2.0, 4.0, 8.0], min_length=1, description="Waits before each next probe; the last one repeats."
    )
    half_open_probes: int = Field(default=1, ge=1, le=64, description="Attempts let through at once while half open.")


class Throttle(Tunables):
    """How fast to write: a token bucket that the database's own latency fills (source document, 1.2.3, level 3)."""

    baseline_rows_per_second: int = Field(
        default=10_000, ge=1, le=10_000_000, description="Rate at the start, and the lowest there is."
    )
    max_rows_per_second: int = Field(
        default=1_000_000, ge=1, le=10_000_000, description="Rate that quick commits never raise it above."
    )
    target_commit_ms: int = Field(
        default=2_000, ge=1, le=60_000, description="Commits slower than this lower the rate, faster ones raise it."
    )


class DeadLetterLimit(Tunables):
    """How many dead letters are one bad deploy rather than many bad records: then the worker stops taking in."""

    ratio: float = Field(default=0.5, gt=0, le=1, description="Share of dead letters among the records of the window.")
    window_seconds: int = Field(default=60, ge=1, le=3_600, description="Time over which records are counted.")
    minimum: int = Field(
        default=1_000, ge=1, le=10_000_000, description="Dead letters in the window below which it never stops."
    )


class Drain(Tunables):
    """The orderly end."""

    grace_seconds: int = Field(
        default=30, ge=1, le=3_600, description="Time for batches under way after SIGTERM or a rebalance."
    )


NEVER = 0
"""The time to live of what is never forgotten."""


class State(Tunables):
    """What a worker remembers between records."""

    ttl_hours: int = Field(
        default=24,
        ge=NEVER,
        le=8_760,
        description="Time in the log after which the state of a quiet key is forgotten; 0 for never, however many.",
    )
    max_entries: int = Field(
        default=1_000_000, ge=1_000, le=1_000_000_000, description="States in memory; above it the quietest go first."
    )


class WorkerDefaults(Tunables):
    """Everything of a worker that has a default."""

    batch: Batch = Batch()
    intake: Intake = Intake()
    writers: int = Field(default=4, ge=1, le=64, description="Transactions at once, each of another partition.")
    retry: Retry = Retry()
    breaker: Breaker = Breaker()
    throttle: Throttle = Throttle()
    dead_letter_limit: DeadLetterLimit = DeadLetterLimit()
    drain: Drain = Drain()
    state: State = State()
    session_timeout_seconds: int = Field(
        default=10, ge=6, le=1_800, description="Silence after which Kafka gives a worker's partitions to others."
    )


class WorkerTuning(WorkerDefaults):
    """One worker: what it reads, in which consumer group, and how."""

    topic: str = Field(description="The topic it reads, one of `topics`.")
    group: str = Field(min_length=1, max_length=255, description="Its consumer group, shared with no other worker.")
    merge: Merge | None = Field(default=None, description="How changes are merged, where it mirrors a registry.")
    accept: Accept | None = Field(default=None, description="Which models are accepted, likewise.")
    usage: Usage | None = Field(default=None, description="How the use of models is counted; without it, it is not.")
    migrate: Migrate | None = Field(default=None, description="How schemas are migrated, where it does that.")

    @property
    def blocks(self) -> dict[str, Any]:
        """What is this worker's alone, as plain values; blocks that it does not have are left out."""
        return self.model_dump(include={"merge", "accept", "usage", "migrate"}, exclude_none=True)

    @property
    def options(self) -> dict[str, Any]:
        """What the worker is made anew with: its blocks, and the topic that it reads."""
        return {"topic": self.topic, **self.blocks}
