"""A block of ``topology.yaml``."""

from pydantic import BaseModel, ConfigDict


class Tunables(BaseModel):
    """A block of ``topology.yaml``: typed strictly, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
