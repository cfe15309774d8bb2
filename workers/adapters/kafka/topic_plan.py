"""What has to change in Kafka for its topics to be those of the topology. Pure: asks nobody, changes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workers.config.topics import TopicSpec


class Action(StrEnum):
    """The kinds of change."""

    CREATE = "create"
    ADD_PARTITIONS = "add partitions"
    ALTER_CONFIG = "alter config"


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is in Kafka: number of partitions, and all its configs as they take effect."""

    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicChange:
    """One change of one topic. ``partitions`` is the number afterwards, ``config`` what is set."""

    topic: str
    action: Action
    partitions: int
    config: Mapping[str, str]
    summary: str


@dataclass(slots=True)
class TopicPlan:
    """Changes in the order they are made, and what must not be done, in words. With refusals nothing is done."""

    changes: list[TopicChange] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def plan_topics(
    wanted: Mapping[str, TopicSpec], present: Mapping[str, TopicState], *, allow_repartition: bool = False
) -> TopicPlan:
    """Compare topics as they should be with topics as they are; topics that nobody wants are left alone."""
    plan = TopicPlan()
    for topic, spec in wanted.items():
        state = present.get(topic)
        if state is None:
            plan.changes.append(_creation(topic, spec))
            continue
        refusal = _refusal(topic, spec, state, allow_repartition=allow_repartition)
        if refusal:
            plan.refusals.append(refusal)
        plan.changes += _alterations(topic, spec, state)
    return plan


def _creation(topic: str, spec: TopicSpec) -> TopicChange:
    config = spec.kafka_config
    settings = ", ".join(f"{name}={value}" for name, value in config.items())
    return TopicChange(topic, Action.CREATE, spec.partitions, config, f"{spec.partitions} partitions, {settings}")


def _refusal(topic: str, spec: TopicSpec, state: TopicState, *, allow_repartition: bool) -> str | None:
    if spec.partitions < state.partitions:
        return (
            f"{topic} has {state.partitions} partitions and Kafka cannot take any away; set partitions: "
            f"{state.partitions} in topology.yaml, or delete the topic with its records and apply again"
        )
    if spec.partitions > state.partitions and spec.key is not None and not allow_repartition:
        return (
            f"{topic} would grow from {state.partitions} to {spec.partitions} partitions, and records of one "
            f"{spec.key} would go elsewhere than those before, losing their order and their state; drain the topic "
            "first, then pass --allow-repartition"
        )
    return None


def _alterations(topic: str, spec: TopicSpec, state: TopicState) -> Iterator[TopicChange]:
    if spec.partitions > state.partitions:
        summary = f"{state.partitions} → {spec.partitions} partitions"
        yield TopicChange(topic, Action.ADD_PARTITIONS, spec.partitions, {}, summary)
    other = {name: value for name, value in spec.kafka_config.items() if state.config.get(name) != value}
    if other:
        summary = ", ".join(f"{name} {state.config.get(name, 'unknown')} → {value}" for name, value in other.items())
        yield TopicChange(topic, Action.ALTER_CONFIG, spec.partitions, other, summary)
