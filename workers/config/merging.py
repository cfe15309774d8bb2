"""How a worker that mirrors another system merges its changes, and which it accepts (source document, 2.3.2, 2.7)."""

import re
from typing import Literal

from pydantic import Field, field_validator

from workers.config.block import Tunables


class ModelMetadata(Tunables):
    """A model's own fields."""

    strategy: Literal["upsert", "insert_only"] = Field(
        default="upsert", description="Whether a known model's later rows count."
    )
    conflict_resolution: Literal["latest_wins", "first_wins"] = Field(
        default="latest_wins", description="Which of concurrent writes counts."
    )


class VersionInfo(Tunables):
    """A model's versions."""

    strategy: Literal["append", "mirror"] = Field(
        default="append", description="Whether a version whose row was deleted stays its model's, marked."
    )
    deduplication: Literal["version_id"] = Field(
        default="version_id", description="What makes two rows one version; the later row counts."
    )


class Capabilities(Tunables):
    """What a model can do: by rows of its own, and by a list in its metadata."""

    strategy: Literal["merge"] = Field(default="merge", description="Rows and list are laid over each other.")
    conflict_resolution: Literal["union", "table_wins"] = Field(
        default="union", description="Which counts where list and rows differ."
    )


class DeprecatedModels(Tunables):
    """Models that the registry calls deprecated."""

    strategy: Literal["soft_delete"] = Field(default="soft_delete", description="They stay in the graph.")
    action: Literal["add_deprecated_flag", "ignore"] = Field(
        default="add_deprecated_flag", description="Whether they are marked."
    )


class DeletedModels(Tunables):
    """Models whose row was deleted."""

    strategy: Literal["soft_delete"] = Field(default="soft_delete", description="They stay, marked, until purged.")
    grace_days: int = Field(default=30, ge=0, le=36_500, description="Days until one that nothing uses may be purged.")


class Merge(Tunables):
    """What happens where changes meet."""

    model_metadata: ModelMetadata = ModelMetadata()
    version_info: VersionInfo = VersionInfo()
    capabilities: Capabilities = Capabilities()
    deprecated_models: DeprecatedModels = DeprecatedModels()
    deleted_models: DeletedModels = DeletedModels()


class Accept(Tunables):
    """What a model must be like, beyond its types (source document, Appendix A)."""

    providers: list[str] = Field(default=[], description="Providers there are; an empty list for any.")
    capabilities: list[str] = Field(default=[], description="Capabilities there are; an empty list for any.")
    model_id_pattern: str = Field(default=r"^[A-Za-z0-9._:/@+~ -]+$", description="Regular expression of a model's id.")
    version_pattern: str = Field(
        default=r"^\d{4}-\d{2}-\d{2}$", description="Regular expression of the version that a model's row names."
    )
    min_context_window: int = Field(default=1, ge=0, le=2**31 - 1, description="Smallest context window, in tokens.")
    required: list[Literal["version", "provider", "capabilities", "context_window"]] = Field(
        default=["provider"], description="Columns that may not be null, beside model_id."
    )

    @field_validator("model_id_pattern", "version_pattern")
    @classmethod
    def _is_regular_expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression ({error})") from None
        return pattern
