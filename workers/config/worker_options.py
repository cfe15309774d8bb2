"""The options that every worker has in ``topology.yaml``: what each one does, and the values it may take.

A pipeline adds its own options by a subclass of ``WorkerOptions`` in its folder. The type of each option says whether a
process that runs takes over a change: ``Live[…]`` or ``Restart[…]``.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from workers.config.block import Block
from workers.config.takes_effect import Live, Restart


@dataclass(frozen=True, slots=True)
class NamesTopic:
    """Marks a field whose value must be one of ``topics``."""


TopicReference = Annotated[str, NamesTopic()]
LogLevelName = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class Batch(Block):
    """When a batch of one partition is closed and written: at the first limit that it reaches."""

    max_rows: Live[int] = Field(
        default=1_000, ge=1, le=100_000, description="Records written in one transaction, at most."
    )
    max_wait_ms: Live[int] = Field(
        default=10, ge=1, le=60_000, description="Age at which a batch is written, full or not."
    )


class ConsumerOptions(Block):
    """How records are fetched and kept in memory before they are written."""

    chunk_records: Live[int] = Field(
        default=500, ge=1, le=10_000, description="Records that the consumer hands over at once."
    )
    buffer_mb: Live[int] = Field(
        default=256,
        ge=1,
        le=65_536,
        description="MiB of records kept in memory; above it, the consumer stops fetching.",
    )


class Retry(Block):
    """Waits between attempts while a server is away: exponential backoff with jitter."""

    initial_ms: Live[int] = Field(default=100, ge=1, le=60_000, description="Wait before the second attempt.")
    max_ms: Live[int] = Field(default=30_000, ge=1, le=3_600_000, description="Longest wait between two attempts.")
    multiplier: Live[float] = Field(default=2.0, ge=1, le=10, description="Factor between one wait and the next.")
    jitter_ratio: Live[float] = Field(default=0.1, ge=0, le=1, description="Random share of a wait.")


class Breaker(Block):
    """The circuit breaker: when it opens for a failing server, and when it probes the server again."""

    error_ratio: Live[float] = Field(default=0.05, gt=0, le=1, description="Share of failed attempts that opens it.")
    window_seconds: Live[int] = Field(default=30, ge=1, le=3_600, description="Time over which attempts are counted.")
    minimum_failures: Live[int] = Field(
        default=5, ge=1, le=1_000, description="Failures in the window below which it never opens."
    )
    probe_after_seconds: Live[list[float]] = Field(
        default=[1.0, 2.0, 4.0, 8.0], min_length=1, description="Waits before each next probe; the last one repeats."
    )
    half_open_probes: Live[int] = Field(
        default=1, ge=1, le=64, description="Attempts let through at once while half open."
    )


class Throttle(Block):
    """How fast to write: a token bucket whose rate follows the latency of commits."""

    baseline_rows_per_second: Live[int] = Field(
        default=10_000, ge=1, le=10_000_000, description="Rate at the start, and the lowest rate."
    )
    max_rows_per_second: Live[int] = Field(default=1_000_000, ge=1, le=10_000_000, description="Highest rate.")
    target_commit_ms: Live[int] = Field(
        default=2_000, ge=1, le=60_000, description="Commits slower than this lower the rate, faster ones raise it."
    )


class DeadLetterLimit(Block):
    """How many dead letters mean a bad deploy instead of bad records: then the worker stops reading."""

    ratio: Live[float] = Field(
        default=0.5, gt=0, le=1, description="Share of dead letters among the records of the window."
    )
    window_seconds: Live[int] = Field(default=60, ge=1, le=3_600, description="Time over which records are counted.")
    minimum: Live[int] = Field(
        default=1_000, ge=1, le=10_000_000, description="Dead letters in the window below which it never stops."
    )


AFTER_DRAIN_SECONDS = 60
"""What a worker may need after its drain to end: the last commit, leaving the group, the last records and spans."""


class Drain(Block):
    """How long a worker may take to finish its batches."""

    grace_seconds: Restart[int] = Field(
        default=30, ge=1, le=3_600, description="Time for the current batches after SIGTERM or before a rebalance."
    )


class State(Block):
    """The states that a worker keeps in memory between batches. The graph has all of them."""

    max_entries: Live[int] = Field(
        default=1_000_000,
        ge=0,
        le=1_000_000_000,
        description="Most states in memory. Others are read from the graph when their next record comes.",
    )


class WorkerDefaults(Block):
    """The options of a worker that have a default."""

    batch: Batch = Batch()
    consumer: ConsumerOptions = ConsumerOptions()
    writers: Live[int] = Field(
        default=4, ge=1, le=64, description="Batches written at once, each of another partition."
    )
    retry: Retry = Retry()
    breaker: Breaker = Breaker()
    throttle: Throttle = Throttle()
    dead_letter_limit: DeadLetterLimit = DeadLetterLimit()
    drain: Drain = Drain()
    state: State = State()
    order: Restart[Literal["relaxed", "strict"]] = Field(
        default="relaxed",
        description="strict: while a dead letter of a key waits, later records of the key wait behind it.",
    )
    session_timeout_seconds: Restart[int] = Field(
        default=10,
        ge=6,
        le=1_800,
        description="Time without heartbeats after which Kafka gives a worker's partitions to others.",
    )
    log_level: Live[LogLevelName | None] = Field(
        default=None, description="Level of its logs; without it, that of LOG_LEVEL."
    )


class WorkerOptions(WorkerDefaults):
    """The entry of one worker: its topic, its consumer group, and its other options."""

    topic: Restart[TopicReference] = Field(description="The topic that it reads, one of `topics`.")
    group: Restart[str] = Field(
        min_length=1, max_length=255, description="Its consumer group; no other worker has the same."
    )
