"""The options of checkpoints in ``topology.yaml``."""

from typing import Literal

from pydantic import Field

from workers.config.block import Block
from workers.config.takes_effect import Live


class CheckpointOptions(Block):
    """When a checkpoint is made, and what signs it."""

    every_events: Live[int] = Field(
        default=10_000, ge=1, le=10_000_000, description="Events of a partition after which a checkpoint is made."
    )
    every_seconds: Live[int] = Field(
        default=300, ge=1, le=86_400, description="Longest time between two checkpoints, also without events."
    )
    on_outage: Live[Literal["hold", "continue"]] = Field(
        default="hold",
        description="While the vault cannot sign: hold waits with checkpoints, continue writes them unsigned.",
    )
    mount: Live[str] = Field(default="transit", min_length=1, description="The path of Transit in the vault.")
    key: Live[str] = Field(
        default="memory-graph-audit", pattern=r"^[A-Za-z0-9._-]+$", description="The Ed25519 key that signs."
    )
