"""How schemas are migrated from version to version (source document, 2.6)."""

from pydantic import Field

from workers.config.block import Tunables


class Migrate(Tunables):
    """What happens to a new version that is not simply compatible."""

    forward_wait_seconds: int = Field(
        default=300, ge=0, le=604_800, description="Longest wait of a forward change for the models that it names."
    )
