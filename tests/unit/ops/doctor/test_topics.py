from workers.adapters.kafka.topic_plan import TopicState
from workers.config.topics import TopicSpec
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.ops.doctor.finding import State
from workers.ops.doctor.kafka_checks import check_topics

TOPOLOGY = Topology(
    topics={"events": TopicSpec(partitions=3, key="trace_id")},
    workers={"reader": WorkerOptions(topic="events", group="readers")},
)
PRESENT = {name: TopicState(spec.partitions, spec.kafka_config) for name, spec in TOPOLOGY.all_topics.items()}


def test_topics_as_the_topology_says_are_in_order() -> None:
    assert [finding.state for finding in check_topics(TOPOLOGY, PRESENT)] == [State.OK, State.OK]


def test_a_missing_topic_and_one_that_differs_are_problems_with_a_fix() -> None:
    other = TopicState(3, {**PRESENT["events"].config, "retention.ms": "1"})

    source, dead_letters = check_topics(TOPOLOGY, {"events": other})

    assert source.state is State.PROBLEM
    assert "retention.ms 1 → 604800000" in source.message
    assert dead_letters.state is State.PROBLEM
    assert dead_letters.message == "does not exist; create it with `memory-graph topology apply --execute`"


def test_partitions_that_apply_would_refuse_to_change_are_a_problem() -> None:
    fewer = TopicState(2, PRESENT["events"].config)

    source, _ = check_topics(TOPOLOGY, {**PRESENT, "events": fewer})

    assert source.state is State.PROBLEM
    assert "--allow-repartition" in source.message
