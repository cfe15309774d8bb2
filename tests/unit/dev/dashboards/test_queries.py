"""Every metric, label and variable in a query exists."""

import re
from collections.abc import Iterator

import promql_parser
import pytest
from promql_parser import AggregateExpr, BinaryExpr, Expr, MatchOp, VectorSelector

from tests.unit.dev.dashboards.committed import DASHBOARDS, Asked, cypher, promql
from tests.unit.monitoring.room import rules
from workers.core.metric import Kind
from workers.observe.metric_list import ENGINE_METRICS
from workers.observe.metrics import Metrics
from workers.pipelines.fleet import FLEET

OF_THE_SCRAPE = frozenset({"namespace", "pod", "worker"})
OF_ALERTS = OF_THE_SCRAPE | {"alertname", "severity"}
OF_PROMETHEUS = {"up": OF_THE_SCRAPE, "ALERTS": OF_ALERTS | {"alertstate"}, "ALERTS_FOR_STATE": OF_ALERTS}
OF_GRAFANA = frozenset({"__rate_interval", "__range", "__from", "__to"})
WINDOWS = {"$__rate_interval": "5m", "$__range": "1h"}
VARIABLE = re.compile(r"\$(\w+)")
IN_LEGEND = re.compile(r"{{(\w+)}}")
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


def exported() -> dict[str, frozenset[str]]:
    """Return the labels of every series that a worker exports, Prometheus makes, or a rule of the chart records."""
    found = OF_PROMETHEUS | {rule.name: OF_THE_SCRAPE - {"pod"} for rule in rules() if not rule.alerts}
    for spec in (*ENGINE_METRICS, *(spec for factory in FLEET.values() for spec in factory.metrics)):
        labels = OF_THE_SCRAPE | set(spec.labels)
        found[spec.name] = labels
        if spec.kind is Kind.HISTOGRAM:
            del found[spec.name]
            found |= {f"{spec.name}_bucket": labels | {"le"}, f"{spec.name}_sum": labels, f"{spec.name}_count": labels}
    for family in Metrics().registry.collect():
        if family.name.startswith(("process_", "python_")):
            found |= {each.name: OF_THE_SCRAPE | set(each.labels) for each in family.samples}
    return found


EXPORTED = exported()


def tree(expression: str) -> Expr:
    for variable, window in WINDOWS.items():
        expression = expression.replace(variable, window)
    return promql_parser.parse(expression)


def nodes(expression: str) -> list[Expr]:
    found: list[Expr] = []
    promql_parser.walk(tree(expression), found.append)
    return found


def selectors(expression: str) -> Iterator[VectorSelector]:
    return (node for node in nodes(expression) if isinstance(node, VectorSelector))


def grouped_by(expression: str) -> set[str]:
    labels: set[str] = set()
    for node in nodes(expression):
        if isinstance(node, AggregateExpr) and node.modifier:
            labels |= set(node.modifier.labels)
        if isinstance(node, BinaryExpr) and node.modifier and node.modifier.matching:
            labels |= set(node.modifier.matching.labels)
    return labels


QUERIES = list(promql())


def test_metrics_exist() -> None:
    assert {query.name: found for query in QUERIES if (found := unknown_metrics(query))} == {}
    assert all(list(selectors(query.expression)) for query in QUERIES)


def unknown_metrics(query: Asked) -> set[str | None]:
    return {each.name for each in selectors(query.expression)} - set(EXPORTED)


def test_metrics_have_the_labels_that_are_asked_for() -> None:
    assert {query.name: found for query in QUERIES if (found := unknown_labels(query))} == {}


def unknown_labels(query: Asked) -> set[tuple[str | None, str]]:
    return {
        (each.name, matcher.name)
        for each in selectors(query.expression)
        for matcher in each.matchers.matchers
        if matcher.name not in EXPORTED[str(each.name)]
    }


def test_grouping_is_by_labels_that_a_metric_has() -> None:
    assert {query.name: found for query in QUERIES if (found := grouped_by(query.expression) - labels_of(query))} == {}


def test_legends_name_labels_of_the_result() -> None:
    assert {query.name: found for query in QUERIES if (found := unknown_in_legend(query))} == {}


def unknown_in_legend(query: Asked) -> set[str]:
    return set(IN_LEGEND.findall(query.legend)) - (grouped_by(query.expression) or labels_of(query))


def labels_of(query: Asked) -> frozenset[str]:
    return frozenset[str]().union(*(EXPORTED[str(each.name)] for each in selectors(query.expression)))


def test_every_metric_is_limited_to_the_chosen_namespaces() -> None:
    assert [query.name for query in QUERIES if not all(map(is_limited, selectors(query.expression)))] == []


def is_limited(selector: VectorSelector) -> bool:
    matchers = [(matcher.name, matcher.op, matcher.value) for matcher in selector.matchers.matchers]
    return ("namespace", MatchOp.Re, "$namespace") in matchers


def test_metrics_that_other_programs_have_are_limited_to_workers() -> None:
    of_others = re.compile(r"up|process_\w+|python_\w+|ALERTS\w*")
    assert [
        (query.name, each.name)
        for query in QUERIES
        for each in selectors(query.expression)
        if of_others.fullmatch(str(each.name)) and "worker" not in {matcher.name for matcher in each.matchers.matchers}
    ] == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_its_variables_are_those_of_the_dashboard(name: str) -> None:
    variables = [each["name"] for each in DASHBOARDS[name]["templating"]["list"]]
    for query in (*promql(), *cypher()):
        if query.panel.dashboard == name:
            assert set(VARIABLE.findall(query.expression)) <= {*variables, *OF_GRAFANA}


def test_variables_ask_for_values_of_labels_that_exist() -> None:
    asked = [
        (each["query"]["query"], each["name"])
        for dashboard in DASHBOARDS.values()
        for each in dashboard["templating"]["list"]
        if each["type"] == "query"
    ]
    assert {name for _, name in asked} == {"namespace", "workers", "worker", "pod", "partition"}
    for query, _ in asked:
        found = LABEL_VALUES.fullmatch(query)
        assert found is not None
        (selector,) = selectors(found[1])
        assert found[2] in EXPORTED[str(selector.name)]
        assert {matcher.name for matcher in selector.matchers.matchers} <= EXPORTED[str(selector.name)]
