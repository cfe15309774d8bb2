"""The evolution worker's options in ``topology.yaml``."""

from pydantic import Field

from workers.config.block import Block
from workers.config.takes_effect import Live
from workers.config.worker_options import WorkerOptions


class Migrate(Block):
    """How schemas are migrated."""

    forward_wait_seconds: Live[int] = Field(
        default=300, ge=0, le=604_800, description="Longest wait of a forward change for its models."
    )


class EvolutionOptions(WorkerOptions):
    """The entry of the evolution worker; its topic is the log of decisions."""

    migrate: Migrate = Migrate()
