from workers.adapters.kafka.topic_plan import Action, TopicState, plan_topics
from workers.config.topics import TopicSpec


def state_of(spec: TopicSpec, **other: str) -> TopicState:
    return TopicState(spec.partitions, {**spec.kafka_config, "segment.bytes": "1", **other})


SPEC = TopicSpec(partitions=6, key="trace_id")


def test_a_topic_that_is_missing_is_created_with_its_configs() -> None:
    plan = plan_topics({"events": SPEC}, {})

    (change,) = plan.changes
    assert (change.topic, change.action, change.partitions) == ("events", Action.CREATE, 6)
    assert change.config == SPEC.kafka_config
    assert plan.refusals == []


def test_a_topic_as_it_should_be_is_left_alone() -> None:
    plan = plan_topics({"events": SPEC}, {"events": state_of(SPEC), "of somebody else": state_of(SPEC)})

    assert (plan.changes, plan.refusals) == ([], [])


def test_only_configs_that_differ_are_set() -> None:
    plan = plan_topics({"events": SPEC}, {"events": state_of(SPEC, **{"retention.ms": "5"})})

    (change,) = plan.changes
    assert change.action is Action.ALTER_CONFIG
    assert change.config == {"retention.ms": "604800000"}
    assert change.summary == "retention.ms 5 → 604800000"


def test_partitions_are_added_where_records_have_no_key() -> None:
    before = TopicSpec(partitions=2)
    plan = plan_topics({"events": TopicSpec(partitions=6)}, {"events": state_of(before)})

    (change,) = plan.changes
    assert (change.action, change.partitions, change.summary) == (Action.ADD_PARTITIONS, 6, "2 → 6 partitions")
    assert plan.refusals == []


def test_adding_partitions_to_a_keyed_topic_is_refused() -> None:
    before = TopicSpec(partitions=2)

    plan = plan_topics({"events": SPEC}, {"events": state_of(before)})

    (refusal,) = plan.refusals
    assert refusal.startswith(
        "events would grow from 2 to 6 partitions, and records of one trace_id would go elsewhere"
    )
    assert refusal.endswith("--allow-repartition")


def test_adding_partitions_to_a_keyed_topic_can_be_insisted_on() -> None:
    plan = plan_topics({"events": SPEC}, {"events": state_of(TopicSpec(partitions=2))}, allow_repartition=True)

    assert [change.action for change in plan.changes] == [Action.ADD_PARTITIONS]
    assert plan.refusals == []


def test_taking_partitions_away_is_refused_whatever_is_allowed() -> None:
    before = state_of(TopicSpec(partitions=12))

    plan = plan_topics({"events": SPEC}, {"events": before}, allow_repartition=True)

    assert plan.changes == []
    (refusal,) = plan.refusals
    assert refusal.startswith("events has 12 partitions and Kafka cannot take any away; set partitions: 12")
