"""A dashboard of rows of panels, with the variables and the links that all dashboards have."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard

from workers.dev.dashboards.frame import PROMETHEUS
from workers.observe.metric_list import REBALANCES

TAG = "memory-graph"
UID = "memory-graph-{name}"
RUNBOOK = "/d/memory-graph-runbook"
LABEL_VALUES = 1
"""The kind of a variable's query, as the Prometheus data source numbers them."""
ANY = ".*"
"""What "All" stands for: it also finds series without the label."""

Variable = Builder[dashboard.VariableModel]
PanelRow = tuple[str, Sequence[dashboard.Panel]]


class About(NamedTuple):
    """What a dashboard is for, how far back it looks at first, and how often it is drawn again."""

    name: str
    title: str
    description: str
    since: str = "now-1h"
    refresh: str = "30s"


def board(about: About, variables: Sequence[Variable], rows: Iterable[PanelRow]) -> dashboard.Dashboard:
    """Return the dashboard. Its panels are numbered in their order."""
    built = (
        Dashboard(about.title)
        .uid(UID.format(name=about.name))
        .description(about.description)
        .tags([TAG])
        .time(about.since, "now")
        .refresh(about.refresh)
        .timezone("browser")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .links([_other_dashboards(), DashboardLink("Runbook").type(dashboard.DashboardLinkType.LINK).url(RUNBOOK)])
        .variables(list(variables))
    )
    for title, panels in rows:
        built.with_row(Row(title))
        for panel in panels:
            built.with_panel(_Built(panel))
    done = built.build()
    for number, each in enumerate(done.panels or (), start=1):
        each.id_val = number
    return done


def data_source(kind: str = "prometheus", name: str = "datasource", label: str = "Prometheus") -> Variable:
    """Return the variable that chooses among the data sources of a kind."""
    return DatasourceVariable(name).label(label).type(kind)


def workers() -> Variable:
    """Return the variable ``workers``, which finds no targets of others: those have no label ``worker``.

    It is not called ``worker``, because links to other dashboards keep the values of variables, and the dashboard of
    one worker cannot show several.
    """
    return label_values("worker", text="Workers", name="workers", everything=".+")


def label_values(  # noqa: PLR0913 - each is a part of the variable
    label: str, metric: str = REBALANCES.name, *, text: str, name: str = "", many: bool = True, everything: str = ANY
) -> Variable:
    """Return a variable with the values of a label; with ``many`` also several values, or all of them."""
    variable = (
        QueryVariable(name or label)
        .label(text)
        .datasource(PROMETHEUS)
        .query({"qryType": LABEL_VALUES, "query": f"label_values({metric}, {label})", "refId": "variable"})
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.NATURAL_ASC)
    )
    if many:
        chosen = dashboard.VariableOption(selected=True, text=["All"], value=["$__all"])
        variable.multi(multi=True).include_all(include_all=True).all_value(everything).current(chosen)
    return variable


def to_worker(field: str = "${__field.labels.worker}") -> DashboardLink:
    """Return the link to the dashboard of the worker that ``field`` names, with the same time and namespace."""
    target = UID.format(name="worker")
    url = f"/d/{target}?var-worker={field}&${{datasource:queryparam}}&${{namespace:queryparam}}&${{__url_time_range}}"
    return DashboardLink("This worker").url(url)


def _other_dashboards() -> DashboardLink:
    link = DashboardLink("Memory-Graph").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(as_dropdown=True).include_vars(include_vars=True).keep_time(keep_time=True)


class _Built(Builder[dashboard.Panel]):
    """A panel that is built already, for the layout of the SDK."""

    def __init__(self, panel: dashboard.Panel) -> None:
        self._panel = panel

    def build(self) -> dashboard.Panel:
        return self._panel
