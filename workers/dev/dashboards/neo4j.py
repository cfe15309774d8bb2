"""Panels that ask Neo4j: the query format of the plugin ``kniepdennis-neo4j-datasource``.

The plugin takes the type of a column from the first row, and fails where a later row has another type. So no column may
have nulls, and a number is always a float or always an integer. Neo4j gets the query after Grafana has replaced
``$__from`` and ``$__to`` (epoch milliseconds).
"""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.barchart import Panel as BarChartPanel
from grafana_foundation_sdk.builders.common import ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard

from workers.dev.dashboards.frame import NO_LIMITS, Frame, Limits, framed
from workers.dev.dashboards.panels import CLASSIC
from workers.dev.dashboards.tables import of_column

PLUGIN = "kniepdennis-neo4j-datasource"
NEO4J = dashboard.DataSourceRef(type_val=PLUGIN, uid="${neo4j}")


class Cypher(Builder[Dataquery]):
    """One query of a panel."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()

    def build(self) -> Dataquery:
        return UnknownDataquery({"cypherQuery": self._text, "refId": "A"})


def number(frame: Frame, query: str, limits: Limits = NO_LIMITS) -> dashboard.Panel:
    """Return the one value of a query."""
    panel = (
        StatPanel()
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(values=False))
        .color_mode(common.BigValueColorMode.BACKGROUND_SOLID if limits != NO_LIMITS else common.BigValueColorMode.NONE)
        .graph_mode(common.BigValueGraphMode.NONE)
    )
    return framed(panel, frame, [Cypher(query)], limits, NEO4J)


def bars(frame: Frame, query: str) -> dashboard.Panel:
    """Return stacked bars of a query that returns ``day``, ``name`` and ``value``: a bar a day, a colour a name."""
    matrix = {"rowField": "day", "columnField": "name", "valueField": "value", "emptyValue": "zero"}
    panel = (
        BarChartPanel()
        .with_transformation(dashboard.DataTransformerConfig(id_val="groupingToMatrix", options=matrix))
        .stacking(common.StackingMode.NORMAL)
        .show_value(common.VisibilityMode.NEVER)
        .color_scheme(CLASSIC)
        .legend(VizLegendOptions().placement(common.LegendPlacement.RIGHT).show_legend(show_legend=True).calcs(["sum"]))
    )
    return framed(panel, frame, [Cypher(query)], datasource=NEO4J)


def rows(frame: Frame, query: str, columns: Mapping[str, tuple[str, Limits]]) -> dashboard.Panel:
    """Return a table of what a query returns; ``columns`` has the unit and the limits of each column of numbers."""
    panel = TablePanel()
    for name, (unit, limits) in columns.items():
        panel.override_by_name(name, of_column(unit, limits))
    return framed(panel, frame, [Cypher(query)], datasource=NEO4J)
