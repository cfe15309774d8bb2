"""Tables with a row for each worker, topic or model, and a column for each query."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from workers.dev.dashboards.frame import NO_LIMITS, Frame, Limits, Names, Query, framed, lettered, names

FIRST_COLUMN_PIXELS = 180


class Column(NamedTuple):
    """A column: its heading, its values, their unit, the colour of each cell by its limits, the names of values."""

    heading: str
    expression: str
    unit: str
    limits: Limits = NO_LIMITS
    named: Names | None = None


def table(
    frame: Frame, keys: Sequence[str], columns: Sequence[Column], link: DashboardLink | None = None
) -> dashboard.Panel:
    """Return a table of the newest values.

    ``keys`` are the labels that every expression is grouped by: they come first. ``link`` is where a click on the
    first of them leads. The rows are sorted by the first column of values, the highest on top.
    """
    panel = (
        TablePanel()
        .with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(_organized(keys, columns))
        .sort_by([TableSortByFieldState().display_name(columns[0].heading).desc(desc=True)])
    )
    first = [dashboard.DynamicConfigValue("custom.minWidth", FIRST_COLUMN_PIXELS)]
    if link is not None:
        first.append(dashboard.DynamicConfigValue("links", [link.build()]))
    panel.override_by_name(keys[0], first)
    for column in columns:
        panel.override_by_name(column.heading, of_column(column.unit, column.limits, column.named))
    targets = lettered(Query(column.expression).at_once(PromQueryFormat.TABLE) for column in columns)
    return framed(panel, frame, targets)


def of_column(unit: str, limits: Limits, named: Names | None = None) -> list[dashboard.DynamicConfigValue]:
    """Return the unit of a column, its colours if it has limits, and the names of its values."""
    properties = [dashboard.DynamicConfigValue("unit", unit)]
    if limits != NO_LIMITS:
        properties.append(dashboard.DynamicConfigValue("thresholds", limits.thresholds))
        properties.append(
            dashboard.DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"})
        )
    if named:
        properties.append(dashboard.DynamicConfigValue("mappings", [names(named)]))
    return properties


def _organized(keys: Sequence[str], columns: Sequence[Column]) -> dashboard.DataTransformerConfig:
    """Merging names the values ``Value #A``, ``Value #B`` …: rename them, order all columns, leave out the time."""
    values = {f"Value #{chr(ord('A') + at)}": column.heading for at, column in enumerate(columns)}
    if len(columns) == 1:
        values = {"Value": columns[0].heading, **values}
    order: Mapping[str, int] = {name: at for at, name in enumerate((*keys, *values))}
    options = {"excludeByName": {"Time": True}, "renameByName": values, "indexByName": order}
    return dashboard.DataTransformerConfig(id_val="organize", options=options)
