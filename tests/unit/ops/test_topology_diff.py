from pathlib import Path
from typing import Any

import pytest

from workers.adapters.kafka.topic_plan import TopicState
from workers.config.topics import TopicSpec
from workers.core.errors import Misconfigured
from workers.observe.targets import listed_as_target
from workers.ops.topology_diff import Difference, default_urls, topic_differences, worker_differences
from workers.pipelines.fleet import load_topology

TOPOLOGY = load_topology(Path(__file__).parents[3] / "topology.yaml")


def page(name: str, **changed: Any) -> dict[str, Any]:
    """The page of a worker that runs with our own file, some top-level options changed."""
    options = TOPOLOGY.workers[name].model_dump(mode="json") | changed
    return {"worker": name, "digest": TOPOLOGY.source.digest, "options": options}


def test_a_topic_is_compared_by_partitions_and_by_the_configs_that_the_file_sets() -> None:
    wanted = {each: TopicSpec(partitions=3) for each in ("same", "other", "absent")}
    same = {"retention.ms": "604800000", "max.message.bytes": "1048588", "segment.ms": "1"}
    present = {"same": TopicState(3, same), "other": TopicState(4, same | {"retention.ms": "1"})}
    assert list(topic_differences(wanted, present)) == [
        Difference("kafka", "other partitions", 3, 4),
        Difference("kafka", "other retention.ms", "604800000", "1"),
        Difference("kafka", "absent", "3 partitions", "no such topic"),
    ]


@pytest.mark.parametrize("name", TOPOLOGY.workers)
def test_a_worker_that_runs_with_the_file_does_not_differ(name: str) -> None:
    assert list(worker_differences(TOPOLOGY, "here", page(name))) == []


def test_each_option_that_differs_is_named_with_both_values() -> None:
    running = page("registry", writers=9, usage=None, gone=1)
    keys = {each.key: (each.file, each.running) for each in worker_differences(TOPOLOGY, "here", running)}
    assert keys["writers"] == (4, 9)
    assert keys["gone"] == (None, 1)
    assert keys["usage.top_use_cases"] == (10, None)


def test_another_version_is_a_difference_also_with_the_same_options() -> None:
    (only,) = worker_differences(TOPOLOGY, "here", page("telemetry") | {"digest": "0" * 12})
    assert only == Difference("telemetry at here", "version", TOPOLOGY.source.digest, "0" * 12)


def test_a_worker_that_the_file_does_not_have_is_one_difference() -> None:
    (only,) = worker_differences(TOPOLOGY, "here", page("telemetry") | {"worker": "stranger"})
    assert (only.key, only.running) == ("workers.stranger", "runs")


def test_without_a_known_port_the_worker_must_be_named() -> None:
    assert default_urls(9464) == ["http://127.0.0.1:9464"]
    with pytest.raises(Misconfigured, match="--worker-url"):
        default_urls(0)


def test_the_workers_that_a_local_prometheus_scrapes_are_asked_without_naming_them(tmp_path: Path) -> None:
    with listed_as_target(tmp_path, "telemetry", "127.0.0.1", 9001), listed_as_target(tmp_path, "a", "127.0.0.1", 9002):
        assert default_urls(9464, tmp_path) == ["http://127.0.0.1:9002", "http://127.0.0.1:9001"]
    assert default_urls(9464, tmp_path) == ["http://127.0.0.1:9464"]
