"""What the topology says is what the worker does, and what both have built in is the same."""

from pathlib import Path

import pytest
from workers.config.merging import Accept as AcceptBlock
from workers.config.merging import Merge as MergeBlock
from workers.config.usage import Usage as UsageBlock

from workers.config.topology import load_topology
from workers.pipelines.registry.policy import Accept, Merge, Policy

ROOT = Path(__file__).parents[4]


def test_our_own_file_the_topologys_defaults_and_the_workers_are_the_same() -> None:
    ours = Policy.of(load_topology(ROOT / "topology.yaml").workers["registry"].options)
    assert (ours.merge, ours.accept) == (Merge(), Accept())
    assert ours.usage == Policy.of({"usage": UsageBlock().model_dump()}).usage is not None
    assert Policy.of({"merge": MergeBlock().model_dump(), "accept": AcceptBlock().model_dump()}) == Policy()
    assert Policy.of({}) == Policy()


@pytest.mark.parametrize(
    ("block", "said", "meant"),
    [
        ("model_metadata", {"strategy": "insert_only"}, Merge(insert_only=True)),
        ("model_metadata", {"conflict_resolution": "first_wins"}, Merge(first_wins=True)),
        ("version_info", {"strategy": "mirror"}, Merge(mirror_versions=True)),
        ("capabilities", {"conflict_resolution": "table_wins"}, Merge(table_wins=True)),
        ("deprecated_models", {"action": "ignore"}, Merge(flag_deprecated=False)),
        ("deleted_models", {"grace_days": 0}, Merge(grace_days=0)),
    ],
)
def test_each_choice_reaches_the_worker(block: str, said: dict[str, object], meant: Merge) -> None:
    options = MergeBlock.model_validate({block: said}).model_dump()
    assert Policy.of({"merge": options}).merge == meant


def test_names_that_are_accepted_reach_the_worker() -> None:
    options = AcceptBlock(providers=["acme"], required=["version"]).model_dump()
    assert Policy.of({"accept": options}).accept == Accept(providers=("acme",), required=("version",))
