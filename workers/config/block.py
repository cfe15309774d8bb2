"""The base of all blocks of ``topology.yaml``."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """A block of ``topology.yaml``: strictly typed, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
