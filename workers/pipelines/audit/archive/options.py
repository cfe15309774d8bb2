"""The options of the archive in ``topology.yaml``."""

from typing import Literal

from pydantic import Field

from workers.config.block import Block
from workers.config.takes_effect import Live
from workers.core.job import ObjectStoreAt


class ArchiveOptions(Block):
    """Where events are archived, and how long they stay in the graph beside it."""

    url: Live[str | None] = Field(
        default=None,
        pattern=r"^(file:///|s3://|gs://|az://)[^@?#\s]+$",
        description="file:///folder, s3://bucket/prefix, gs://… or az://account/container/…; without it, no archive.",
    )
    every_events: Live[int] = Field(
        default=10_000,
        ge=1,
        le=100_000,
        description="Events after which an object is written; its most.",
    )
    every_seconds: Live[int] = Field(
        default=1_800, ge=1, le=3_600, description="Longest time from a checkpoint to the object that has it."
    )
    hot_days: Live[int] = Field(
        default=365, ge=1, le=36_500, description="Days after which archived events leave the graph."
    )
    retention_days: Live[int] = Field(
        default=2_557,
        ge=1,
        le=36_500,
        description="Days for which objects must be there: Object Lock, and what audit verify demands.",
    )
    lock: Live[Literal["none", "governance", "compliance"]] = Field(
        default="none",
        description="The mode of S3 Object Lock that each object gets, for retention_days. The bucket must have it on.",
    )

    @property
    def store(self) -> ObjectStoreAt:
        """Return where objects are kept."""
        return ObjectStoreAt(self.url or "", self.lock, self.retention_days)
