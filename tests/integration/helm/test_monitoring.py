"""Rules and dashboards are found by their place, and stay as they are written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.integration.helm.chart import CHART, Helm, Manifests

RULES = """\
# The lag of a partition.
groups:
  - name: lag
    rules:
      - alert: Lag
        expr: sum by (worker) (llm_memory_graph_kafka_lag_messages) > 1e4
        for: 10m
        labels: {severity: warning}
        annotations:
          summary: '{{ $labels.worker }} is {{ $value | humanize }} records behind'
"""
DASHBOARD = '{"title": "Fleet", "panels": [{"legendFormat": "{{worker}}"}]}'


@pytest.fixture(scope="module")
def rendered(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """Render a copy of the chart to which a rule and a dashboard were added."""
    chart = tmp_path_factory.mktemp("chart") / "helm"
    shutil.copytree(CHART, chart)
    for folder, name, text in (("rules", "new_worker.yaml", RULES), ("dashboards", "new_worker.json", DASHBOARD)):
        path = chart / "monitoring" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return helm.template("everything", chart=chart)


def test_rules_keep_the_templates_of_prometheus(rendered: Manifests) -> None:
    rule = rendered.of("PrometheusRule")["graph-new-worker"]
    assert rule["spec"] == YAML(typ="safe").load(RULES)
    assert rule["metadata"]["labels"]["release"] == "monitoring"


def test_dashboards_are_where_the_sidecar_of_grafana_looks(rendered: Manifests) -> None:
    made = rendered.of("ConfigMap")["graph-dashboard-new-worker"]
    assert json.loads(made["data"]["new_worker.json"]) == json.loads(DASHBOARD)
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert made["metadata"]["annotations"] == {"grafana_folder": "LLM"}


def test_every_rule_and_dashboard_of_the_chart_is_rendered(manifests: Callable[..., Manifests]) -> None:
    def of(folder: str, ending: str) -> list[Path]:
        return sorted((CHART / "monitoring" / folder).glob(f"*.{ending}"))

    made = manifests("everything")
    rules = [YAML(typ="safe").load(each) for each in of("rules", "yaml")]
    assert sorted(str(each["spec"]) for each in made.of("PrometheusRule").values()) == sorted(map(str, rules))
    dashboards = [each for name, each in made.of("ConfigMap").items() if "-dashboard-" in name]
    assert len(dashboards) == len(of("dashboards", "json"))


def test_lag_has_the_labels_that_keda_asks_for(manifests: Callable[..., Manifests]) -> None:
    made = manifests("keda-prometheus")
    query = made.of("ScaledObject")["graph-memory-graph-telemetry"]["spec"]["triggers"][0]["metadata"]["query"]
    assert query == (
        'sum(max by (partition) (llm_memory_graph_kafka_lag_messages{namespace="llm",worker="telemetry"}))'
    )
    (endpoint,) = made.of("PodMonitor")["graph-memory-graph"]["spec"]["podMetricsEndpoints"]
    assert [each["targetLabel"] for each in endpoint["relabelings"]] == ["worker"]
