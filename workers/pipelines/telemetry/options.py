"""The telemetry worker's options in ``topology.yaml``: what is accepted of an event's own numbers."""

from typing import Literal

from pydantic import Field

from workers.config.block import Block
from workers.config.takes_effect import Live, Restart
from workers.config.worker_options import WorkerOptions
from workers.pipelines.telemetry.limits import MOST_CLAMPED_MS
from workers.pipelines.telemetry.tokens.conventions import Convention


class Accept(Block):
    """What becomes of numbers that cannot be."""

    negative_latency: Live[Literal["clamp", "reject"]] = Field(
        default="clamp",
        description="clamp: a latency from -1,000 ms, which clocks of two hosts may give, counts as 0. "
        "reject: it is a dead letter, as below -1,000 ms.",
    )

    @property
    def lowest_latency_ms(self) -> float:
        """Return the lowest latency that is accepted."""
        return -MOST_CLAMPED_MS if self.negative_latency == "clamp" else 0.0


class TelemetryOptions(WorkerOptions):
    """The entry of the telemetry worker."""

    accept: Accept = Accept()
    token_convention: Restart[dict[str, Literal["inclusive", "anthropic", "gemini", "auto"]]] = Field(
        default={},
        description="How a provider counts tokens, by its name in events; a provider that is not listed: auto. "
        "What an event declares counts first.",
    )

    @property
    def conventions(self) -> dict[str, Convention]:
        """Return the conventions by provider in lower case."""
        return {provider.lower(): Convention(convention) for provider, convention in self.token_convention.items()}
