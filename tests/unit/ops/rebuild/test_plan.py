"""What is folded, in which order, and what cannot come back."""

from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.ops.graph_check.watermarks import Log, Mark, PartitionMark
from workers.ops.rebuild.plan import WorkerPlan, chosen
from workers.ops.rebuild.run import apart
from workers.pipelines.fleet import load_topology

TOPOLOGY = load_topology(Path(__file__).parents[4] / "topology.yaml")


def test_who_looks_up_prices_is_folded_after_the_registry() -> None:
    names = chosen(TOPOLOGY, [])
    assert set(names) == set(TOPOLOGY.workers)
    assert names.index("registry") < names.index("evolution") < names.index("telemetry")
    assert chosen(TOPOLOGY, ["audit"]) == [name for name in names if name != "audit"]


@pytest.mark.parametrize(("without", "says"), [(["audits"], "--without audits"), (list(TOPOLOGY.workers), "no worker")])
def test_a_worker_that_is_left_out_must_be_one(without: list[str], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        chosen(TOPOLOGY, without)


def test_the_numbers_of_a_plan() -> None:
    fresh = PartitionMark("registry", "changes", 0, None, Log("id", 3, 20), 15, again=12, lag=17)
    begun = PartitionMark("registry", "changes", 1, Mark(9, "id"), Log("id", 5, 20), 15, again=5, lag=10)
    plan = WorkerPlan("registry", [fresh, begun])
    assert (plan.records, plan.later, plan.removed) == (17, 10, 3)
    assert "registry resnapshot --execute" in (plan.advice or "")
    assert "graph restore" in (plan._replace(worker="telemetry").advice or "")
    assert plan._replace(marks=[begun]).advice is None


def test_the_comparison_does_not_see_the_live_groups() -> None:
    found = apart(TOPOLOGY, ["telemetry"])
    assert list(found.workers) == ["telemetry"]
    assert found.workers["telemetry"].group == "memory-graph-telemetry-rebuild"
    assert TOPOLOGY.workers["telemetry"].group == "memory-graph-telemetry"
    assert found.schemas_folder == TOPOLOGY.schemas_folder
