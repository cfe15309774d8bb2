"""Where Kafka and running workers differ from ``topology.yaml``."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_plan import TopicState, plan_topics
from workers.adapters.kafka.topics import present_topics
from workers.config.settings import KafkaSettings
from workers.config.topics import TopicSpec
from workers.config.topology import Topology
from workers.core.errors import Misconfigured, Unreachable
from workers.observe.running_topology import running_topology
from workers.observe.targets import listed_targets


class Difference(NamedTuple):
    """One key: what the file says, and what is ``running`` at a place."""

    where: str
    key: str
    file: Any
    running: Any


class Comparison(NamedTuple):
    """All differences, and which servers could not be asked, in sentences."""

    differences: Sequence[Difference]
    unreachable: Sequence[str]


def default_urls(port: int, targets: Path | None = None) -> Sequence[str]:
    """Return the addresses of the workers on this machine. Raises ``Misconfigured`` where nobody knows them."""
    if targets is not None and (listed := listed_targets(targets)):
        return listed
    if not port:
        raise Misconfigured("METRICS_PORT is 0, which is any port: name the workers with --worker-url")
    return [f"http://127.0.0.1:{port}"]


async def compare(kafka: KafkaSettings, topology: Topology, urls: Sequence[str]) -> Comparison:
    """Ask Kafka and the workers at ``urls``, all at once."""
    asked = [asyncio.to_thread(_topics, kafka, topology), *(_worker(topology, url) for url in urls)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    differences: list[Difference] = []
    unreachable = []
    for answer in answers:
        if isinstance(answer, Unreachable):
            unreachable.append(str(answer))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            differences += answer
    return Comparison(differences, unreachable)


def _topics(kafka: KafkaSettings, topology: Topology) -> list[Difference]:
    wanted = topology.all_topics
    return [*topic_differences(wanted, present_topics(Admin(kafka), wanted))]


def topic_differences(wanted: Mapping[str, TopicSpec], present: Mapping[str, TopicState]) -> Iterator[Difference]:
    """Compare topics, their partitions, and the configs that the file sets."""
    for topic, spec in wanted.items():
        if (state := present.get(topic)) is None:
            yield Difference("kafka", topic, f"{spec.partitions} partitions", "no such topic")
            continue
        if spec.partitions != state.partitions:
            yield Difference("kafka", f"{topic} partitions", spec.partitions, state.partitions)
        for change in plan_topics({topic: spec}, {topic: state}).changes:
            for name, value in change.config.items():
                yield Difference("kafka", f"{topic} {name}", value, state.config.get(name))


async def _worker(topology: Topology, url: str) -> list[Difference]:
    url = url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # a password stays out of it
    return [*worker_differences(topology, shown, await running_topology(url, shown))]


def worker_differences(topology: Topology, shown: str, page: Mapping[str, Any]) -> Iterator[Difference]:
    """Compare a worker's page ``/topology``: the version of the file, and each option."""
    name, digest = page["worker"], topology.source.digest
    where = f"{name} at {shown}"
    if name not in topology.workers:
        yield Difference(where, f"workers.{name}", "no such worker", "runs")
        return
    if page["digest"] != digest:
        yield Difference(where, "version", digest, page["digest"])
    says, runs = _leaves(topology.workers[name].model_dump(mode="json")), _leaves(page["options"])
    for key in says | runs:
        if says.get(key) != runs.get(key):
            yield Difference(where, key, says.get(key), runs.get(key))


def _leaves(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, value in values.items():
        leaves |= _leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return leaves
