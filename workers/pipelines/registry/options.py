"""The registry worker's options in ``topology.yaml``: how changes merge, what is accepted, how usage is counted."""

import re
from typing import Literal

from pydantic import Field, field_validator

from workers.config.block import Block
from workers.config.takes_effect import Live, Restart
from workers.config.worker_options import TopicReference, WorkerOptions

MINUTES_PER_DAY = 1_440


class ModelMetadata(Block):
    """A model's own fields."""

    strategy: Restart[Literal["upsert", "insert_only"]] = Field(
        default="upsert", description="Whether later rows of a known model count."
    )
    conflict_resolution: Restart[Literal["latest_wins", "first_wins"]] = Field(
        default="latest_wins", description="Which of concurrent writes counts."
    )


class VersionInfo(Block):
    """A model's versions."""

    strategy: Restart[Literal["append", "mirror"]] = Field(
        default="append", description="Whether a version with a deleted row stays with its model, marked as deleted."
    )
    deduplication: Restart[Literal["version_id"]] = Field(
        default="version_id", description="The key that makes two rows one version; the later row counts."
    )


class Capabilities(Block):
    """A model's capabilities: table rows, and a list in the model's metadata."""

    strategy: Restart[Literal["merge"]] = Field(default="merge", description="Rows and list are merged.")
    conflict_resolution: Restart[Literal["union", "table_wins"]] = Field(
        default="union", description="Which counts where list and rows differ."
    )


class DeprecatedModels(Block):
    """Models that the registry marks as deprecated."""

    strategy: Restart[Literal["soft_delete"]] = Field(default="soft_delete", description="They stay in the graph.")
    action: Restart[Literal["add_deprecated_flag", "ignore"]] = Field(
        default="add_deprecated_flag", description="Whether the graph marks them, too."
    )


class DeletedModels(Block):
    """Models whose row was deleted."""

    strategy: Restart[Literal["soft_delete"]] = Field(
        default="soft_delete", description="They stay, marked, until a purge."
    )
    grace_days: Restart[int] = Field(default=30, ge=0, le=36_500, description="Days until an unused one may be purged.")


class PriceChanges(Block):
    """A model's prices."""

    same_effective_from: Restart[Literal["append", "correct"]] = Field(
        default="append",
        description="Whether prices that change under an unchanged effective_from hold from the commit of the change, "
        "or correct the row.",
    )


class Merge(Block):
    """What happens when changes conflict."""

    model_metadata: ModelMetadata = ModelMetadata()
    version_info: VersionInfo = VersionInfo()
    capabilities: Capabilities = Capabilities()
    deprecated_models: DeprecatedModels = DeprecatedModels()
    deleted_models: DeletedModels = DeletedModels()
    prices: PriceChanges = PriceChanges()

    @property
    def insert_only(self) -> bool:
        """Tell whether later rows of a known model are skipped."""
        return self.model_metadata.strategy == "insert_only"

    @property
    def first_wins(self) -> bool:
        """Tell whether the known one of concurrent writes stays."""
        return self.model_metadata.conflict_resolution == "first_wins"

    @property
    def mirror_versions(self) -> bool:
        """Tell whether a version with a deleted row no longer belongs to its model."""
        return self.version_info.strategy == "mirror"

    @property
    def table_wins(self) -> bool:
        """Tell whether listed capabilities count only for models without rows in the table."""
        return self.capabilities.conflict_resolution == "table_wins"

    @property
    def correct_prices(self) -> bool:
        """Tell whether a price that changes under an unchanged ``effective_from`` counts as if always there."""
        return self.prices.same_effective_from == "correct"

    @property
    def flag_deprecated(self) -> bool:
        """Tell whether a model has the registry's flag."""
        return self.deprecated_models.action == "add_deprecated_flag"


class Accept(Block):
    """What a row of ``models`` must be like, beyond its types."""

    providers: Live[list[str]] = Field(default=[], description="Allowed providers; an empty list allows all.")
    capabilities: Live[list[str]] = Field(default=[], description="Allowed capabilities; an empty list allows all.")
    model_id_pattern: Live[str] = Field(
        default=r"^[A-Za-z0-9._:/@+~ -]+$", description="Regular expression of model ids."
    )
    version_pattern: Live[str] = Field(
        default=r"^\d{4}-\d{2}-\d{2}$", description="Regular expression of a row's version."
    )
    min_context_window: Live[int] = Field(
        default=1, ge=0, le=2**31 - 1, description="Smallest context window, in tokens."
    )
    required: Live[list[Literal["version", "provider", "capabilities", "context_window"]]] = Field(
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


class Usage(Block):
    """Usage statistics: the calls of each model in tumbling windows of event time."""

    topic: Restart[TopicReference] = Field(
        default="registry-usage-stats", description="The topic for statistics where no API is configured."
    )
    window_minutes: Live[int] = Field(
        default=60, ge=1, le=MINUTES_PER_DAY, description="Length of a window; windows begin at midnight, UTC."
    )
    late_minutes: Live[int] = Field(
        default=10, ge=0, le=MINUTES_PER_DAY, description="How long after its end a window waits for late events."
    )
    restate_hours: Live[int] = Field(
        default=24, ge=0, le=8_760, description="How long after its first count a window is counted again; 0 for never."
    )
    top_use_cases: Live[int] = Field(
        default=10, ge=0, le=1_000, description="How many of the most frequent use cases are sent."
    )
    every_seconds: Live[int] = Field(
        default=60, ge=1, le=3_600, description="Seconds between two searches for due windows."
    )

    @field_validator("window_minutes")
    @classmethod
    def _divides_a_day(cls, minutes: int) -> int:
        if MINUTES_PER_DAY % minutes:
            raise ValueError("does not divide a day into equal windows")
        return minutes

    @property
    def window_ms(self) -> int:
        """Return the length of a window in milliseconds."""
        return self.window_minutes * 60_000

    @property
    def late_ms(self) -> int:
        """Return the wait for late events in milliseconds."""
        return self.late_minutes * 60_000

    @property
    def restate_ms(self) -> int:
        """Return how long a window is counted again, in milliseconds."""
        return self.restate_hours * 3_600_000


class RegistryOptions(WorkerOptions):
    """The entry of the registry worker."""

    merge: Merge = Merge()
    accept: Accept = Accept()
    usage: Restart[Usage | None] = Field(
        default=None, description="How usage is counted; without this block it is not counted."
    )
