"""What all kinds of panels have: a frame with its text, limits as colours, and the queries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery as AnyQuery
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")


class Frame(NamedTuple):
    """The text and the size of a panel. No panel is without a unit, and without advice.

    ``shows``      what the numbers are
    ``normal``     which values are no reason to act
    ``otherwise``  what to do about all others
    ``width``      in columns of the grid, which has 24; ``height`` in its rows of 30 pixels
    ``empty``      the text instead of "No data", where no data is normal
    """

    title: str
    unit: str
    shows: str
    normal: str
    otherwise: str
    width: int = 8
    height: int = 8
    empty: str | None = None

    @property
    def description(self) -> str:
        """The text behind the panel's "i", in Markdown."""
        return f"{self.shows}\n\n**Normal:** {self.normal}\n\n**Otherwise:** {self.otherwise}"


class Limits(NamedTuple):
    """From which value a number is orange, and from which it is red."""

    warning: float | None = None
    critical: float | None = None

    @property
    def thresholds(self) -> dashboard.ThresholdsConfig:
        """The limits as Grafana has them: green is the base."""
        steps = [dashboard.Threshold(None, "green")]
        if self.warning is not None:
            steps.append(dashboard.Threshold(self.warning, "orange"))
        if self.critical is not None:
            steps.append(dashboard.Threshold(self.critical, "red"))
        return dashboard.ThresholdsConfig(dashboard.ThresholdsMode.ABSOLUTE, steps)


NO_LIMITS = Limits()
Names: TypeAlias = Mapping[int, tuple[str, str]]
"""The text and the colour of each value."""


def names(named: Names) -> dashboard.ValueMap:
    """Return the names of values as Grafana has them."""
    return dashboard.ValueMap(
        {
            str(value): dashboard.ValueMappingResult(text=text, color=colour, index=at)
            for at, (value, (text, colour)) in enumerate(named.items())
        }
    )


class Query(NamedTuple):
    """A PromQL expression, and the name of each of its series, such as ``{{worker}}``."""

    expression: str
    legend: str = ""

    def at_once(self, result: PromQueryFormat = PromQueryFormat.TIME_SERIES) -> Dataquery:
        """Return the query for its newest values alone."""
        return self._built(result).instant()

    def over_time(self, result: PromQueryFormat = PromQueryFormat.TIME_SERIES) -> Dataquery:
        """Return the query for the whole range of the dashboard."""
        return self._built(result).range()

    def _built(self, result: PromQueryFormat) -> Dataquery:
        return Dataquery().expr(self.expression).legend_format(self.legend).format(result)


def lettered(queries: Iterable[Dataquery]) -> list[Dataquery]:
    """Return the queries of one panel with the names A, B, C …, by which a table knows its columns."""
    return [query.ref_id(chr(ord("A") + at)) for at, query in enumerate(queries)]


def framed(
    panel: Builder[dashboard.Panel],
    frame: Frame,
    targets: Sequence[Builder[AnyQuery]],
    limits: Limits = NO_LIMITS,
    datasource: dashboard.DataSourceRef = PROMETHEUS,
) -> dashboard.Panel:
    """Return the panel with its frame, its limits, and its queries."""
    built = panel.build()
    built.title, built.description, built.datasource = frame.title, frame.description, datasource
    built.grid_pos = dashboard.GridPos(h=frame.height, w=frame.width)
    built.targets = [target.build() for target in targets]
    built.field_config = built.field_config or dashboard.FieldConfigSource()
    built.field_config.defaults.unit = frame.unit
    built.field_config.defaults.thresholds = limits.thresholds
    built.field_config.defaults.no_value = frame.empty
    return built
