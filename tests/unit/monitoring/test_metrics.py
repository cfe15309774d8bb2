"""Every metric of a rule is one that the product has, with these labels."""

import re
from collections.abc import Mapping

import pytest

from tests.unit.monitoring.room import Rule, rules
from workers.observe.metric_list import ENGINE_METRICS
from workers.observe.metrics import Metrics
from workers.pipelines.fleet import FLEET

RULES = list(rules())
RECORDED = {rule.name for rule in RULES if not rule.alerts}
OF_TARGETS = {"namespace", "pod", "worker"}
"""The labels of every series, from the PodMonitor or the file of the process."""
OF_PROMETHEUS: Mapping[str, set[str]] = {"up": set()}
USED = re.compile(r"\b((?:llm_memory_graph|circuit_breaker|process|worker|partition)[\w:]*|up\b)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on) \(([\w, ]*)\)")


def exposed() -> dict[str, set[str]]:
    """Return every series that a worker may expose, with its labels."""
    own = [spec for factory in FLEET.values() for spec in factory.metrics]
    labels = {spec.name: set(spec.labels) for spec in (*ENGINE_METRICS, *own)}
    parts = {f"{name}_{part}": found | {"le"} for name, found in labels.items() for part in ("bucket", "count", "sum")}
    process = {sample.name: set[str]() for family in Metrics().registry.collect() for sample in family.samples}
    return {**process, **parts, **labels, **OF_PROMETHEUS}


def used_in(expression: str) -> list[tuple[str, set[str]]]:
    """Return each metric of an expression, with the labels of its selector."""
    without_labels = GROUPED.sub(" ", expression)
    return [
        (found[1], set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", found[2] or "")))
        for found in USED.finditer(without_labels)
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_uses_metrics_of_the_product_with_their_labels(rule: Rule) -> None:
    known, used = exposed(), used_in(rule.expression)
    assert used
    for metric, labels in used:
        assert metric in known or metric in RECORDED
        assert labels <= known.get(metric, set()) | OF_TARGETS
    available = OF_TARGETS.union(*(known.get(metric, {"provider", "reason"}) for metric, _ in used))
    grouped = {label.strip() for found in GROUPED.findall(rule.expression) for label in found.split(",")}
    assert grouped <= available


def test_an_unknown_metric_and_an_unknown_label_would_be_seen() -> None:
    assert used_in('sum by (worker) (rate(llm_memory_graph_x_total{a="1", b=~"2"}[5m])) and up == 1') == [
        ("llm_memory_graph_x_total", {"a", "b"}),
        ("up", set()),
    ]
