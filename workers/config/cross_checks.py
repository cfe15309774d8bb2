"""What no single key of the topology can be blamed for: keys that do not go together."""

from collections.abc import Iterator, Mapping

from workers.config.topics import DEAD_LETTER_SUFFIX, TopicSpec
from workers.config.topology_faults import Fault, unknown_name
from workers.config.tuning import WorkerTuning

MIB = 1024 * 1024
READ_BY = {"merge": "registry", "accept": "registry", "usage": "registry", "migrate": "evolution"}
"""Blocks that one worker alone reads."""


def cross_faults(topics: Mapping[str, TopicSpec | None], workers: Mapping[str, WorkerTuning]) -> list[Fault]:
    """Compare keys with each other; the path of a fault is the key to change.

    A topic is ``None`` where it has faults of its own: its name is known, the rest of it is not compared.
    """
    faults = [fault for topic, spec in topics.items() if spec for fault in _topic_faults(topic, spec)]
    for name, worker in workers.items():
        faults += [*_worker_faults(name, worker, topics), *_misplaced_blocks(name, worker)]
    return faults + _shared_groups(workers)


def _topic_faults(topic: str, spec: TopicSpec) -> Iterator[Fault]:
    if topic.endswith(DEAD_LETTER_SUFFIX):
        yield Fault(("topics", topic), f"{DEAD_LETTER_SUFFIX} names dead letters, which every topic has; leave it out")
    own = {"retention.ms": "retention_hours", "max.message.bytes": "max_message_bytes"}
    for name in own.keys() & spec.config.keys():
        yield Fault(("topics", topic, "config", name), f"has a key of its own; use {own[name]}")


def _worker_faults(name: str, worker: WorkerTuning, topics: Mapping[str, TopicSpec | None]) -> Iterator[Fault]:
    here = ("workers", name)
    topic = topics.get(worker.topic)
    if worker.topic not in topics:
        yield Fault((*here, "topic"), unknown_name("topic", worker.topic, sorted(topics)))
    if worker.usage and worker.usage.topic not in topics:
        yield Fault((*here, "usage", "topic"), unknown_name("topic", worker.usage.topic, sorted(topics)))
    if topic and worker.intake.buffer_mb * MIB < topic.max_message_bytes:
        largest = -(-topic.max_message_bytes // MIB)
        yield Fault(
            (*here, "intake", "buffer_mb"),
            f"{worker.intake.buffer_mb} holds less than one message of {worker.topic}; use {largest} or more",
        )
    if worker.retry.initial_ms > worker.retry.max_ms:
        yield Fault(
            (*here, "retry", "initial_ms"),
            f"{worker.retry.initial_ms} is more than max_ms; use at most {worker.retry.max_ms}",
        )
    if worker.batch.max_wait_ms >= worker.drain.grace_seconds * 1_000:
        yield Fault(
            (*here, "batch", "max_wait_ms"),
            f"{worker.batch.max_wait_ms} is no less than drain.grace_seconds, so the last batch would be cut off; "
            f"use less than {worker.drain.grace_seconds * 1_000}",
        )


def _misplaced_blocks(name: str, worker: WorkerTuning) -> Iterator[Fault]:
    for block in worker.blocks:
        if name != READ_BY[block]:
            yield Fault(("workers", name, block), f"is read by worker {READ_BY[block]} alone; leave it out")


def _shared_groups(workers: Mapping[str, WorkerTuning]) -> list[Fault]:
    first: dict[str, str] = {}
    return [
        Fault(
            ("workers", name, "group"),
            f"{worker.group} is the group of worker {first[worker.group]} already; give each worker its own",
        )
        for name, worker in workers.items()
        if first.setdefault(worker.group, name) != name
    ]
