"""The kinds of panels that show series over time, or one number."""

from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor
from grafana_foundation_sdk.builders.heatmap import HeatmapColorOptions, YAxisConfig
from grafana_foundation_sdk.builders.heatmap import Panel as HeatmapPanel
from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.statetimeline import Panel as StatesPanel
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeriesPanel
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from workers.dev.dashboards.frame import NO_LIMITS, Frame, Limits, Names, Query, framed, lettered, names

FILL_PERCENT = 10
STACKED_FILL_PERCENT = 40
BREAKER_STATES = {0: ("closed", "green"), 1: ("open: not used", "red"), 2: ("half open: probing", "orange")}
CLASSIC = FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
"""A name has the same colour in every panel."""


def stat(frame: Frame, query: Query, limits: Limits = NO_LIMITS, named: Names | None = None) -> dashboard.Panel:
    """Return one number in the colour of its limit; ``named`` has the text and the colour of each value instead."""
    coloured = limits != NO_LIMITS or named
    panel = (
        StatPanel()
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(values=False))
        .color_mode(common.BigValueColorMode.BACKGROUND_SOLID if coloured else common.BigValueColorMode.NONE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.VALUE)
    )
    if named:
        panel.mappings([names(named)])
    return framed(panel, frame, lettered([query.at_once()]), limits)


def time_series(
    frame: Frame, *queries: Query, limits: Limits = NO_LIMITS, stacked: bool = False, link: DashboardLink | None = None
) -> dashboard.Panel:
    """Return lines over time, from 0 on; ``link`` is where a click on a line leads."""
    panel = (
        TimeSeriesPanel()
        .min(0)
        .color_scheme(CLASSIC)
        .fill_opacity(STACKED_FILL_PERCENT if stacked else FILL_PERCENT)
        .show_points(common.VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
    )
    if stacked:
        panel.stacking(StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if limits != NO_LIMITS:
        panel.thresholds_style(GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED))
    if link is not None:
        panel.data_links([link])
    return framed(panel, frame, lettered(query.over_time() for query in queries), limits)


def heat_map(frame: Frame, query: Query) -> dashboard.Panel:
    """Return the buckets of a histogram over time; the unit is that of the vertical axis."""
    panel = (
        HeatmapPanel()
        .calculate(calculate=False)
        .color(HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
        .y_axis(YAxisConfig().unit(frame.unit))
        .show_legend()
    )
    return framed(panel, frame, lettered([query.over_time(PromQueryFormat.HEATMAP)]))


def states(frame: Frame, query: Query, named: Names) -> dashboard.Panel:
    """Return a band for each series; ``named`` has the text and the colour of each value."""
    panel = (
        StatesPanel()
        .mappings([names(named)])
        .legend(VizLegendOptions().show_legend(show_legend=True).placement(common.LegendPlacement.BOTTOM))
        .show_value(common.VisibilityMode.NEVER)
    )
    return framed(panel, frame, lettered([query.over_time()]))


def _legend() -> VizLegendOptions:
    return (
        VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs(["lastNotNull", "max"])
    )
