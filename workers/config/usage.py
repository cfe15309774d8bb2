"""How the use of each model is counted, by tumbling windows of event time, and told (source document, 2.4.2)."""

from pydantic import Field, field_validator

from workers.config.block import Tunables
from workers.config.topics import TopicName

MINUTES_A_DAY = 1_440


class Usage(Tunables):
    """Usage statistics."""

    topic: TopicName = Field(
        default="registry-usage-stats",
        description="The topic they are written to where no API is configured, one of `topics`.",
    )
    window_minutes: int = Field(
        default=60, ge=1, le=MINUTES_A_DAY, description="Length of a window; windows begin at midnight, UTC."
    )
    late_minutes: int = Field(
        default=10, ge=0, le=MINUTES_A_DAY, description="How long after its end a window waits for late events."
    )
    restate_hours: int = Field(
        default=24, ge=0, le=8_760, description="How long after its first count a window is counted again; 0 for never."
    )
    top_use_cases: int = Field(default=10, ge=0, le=1_000, description="Most frequent use cases that are named.")
    every_seconds: int = Field(default=60, ge=1, le=3_600, description="How often is looked for what is due.")

    @field_validator("window_minutes")
    @classmethod
    def _parts_a_day(cls, minutes: int) -> int:
        if MINUTES_A_DAY % minutes:
            raise ValueError("does not part a day into equal windows")
        return minutes
