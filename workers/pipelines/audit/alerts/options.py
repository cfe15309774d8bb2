"""The thresholds of the security alerts in ``topology.yaml``."""

from pydantic import Field

from workers.config.block import Block
from workers.config.takes_effect import Restart


class Window(Block):
    """How many are too many in a sliding window of event time."""

    count: Restart[int] = Field(ge=2, le=100_000, description="How many raise an alert.")
    within_minutes: Restart[int] = Field(default=10, ge=1, le=1_440, description="Length of the window.")

    @property
    def window_ms(self) -> int:
        """Return the length in milliseconds."""
        return self.within_minutes * 60_000


class Denials(Window):
    """Denials of one user and classification."""

    count: Restart[int] = Field(default=5, ge=2, le=100_000, description="How many denials raise an alert.")


class ManyContents(Window):
    """Different contents that one user reads."""

    count: Restart[int] = Field(default=100, ge=2, le=100_000, description="How many contents raise an alert.")


class UnusualHour(Block):
    """An access outside of the hours of a user."""

    history_events: Restart[int] = Field(
        default=50, ge=1, le=1_000, description="Accesses that must be known before a user has usual hours."
    )
    percent: Restart[float] = Field(
        default=1.0, gt=0, le=100, description="Share of a user's accesses below which an hour is unusual."
    )


class Alerts(Block):
    """When the accesses of a user are suspicious."""

    denials: Denials = Denials()
    many_contents: ManyContents = ManyContents()
    unusual_hour: UnusualHour = UnusualHour()
    exempt_users: Restart[list[str]] = Field(
        default=[], description="Users without alerts, such as services that read all day."
    )
