"""Checks of the topology that need more than one key."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from workers.config.topics import DEAD_LETTER_SUFFIX, TopicSpec
from workers.config.topology_faults import Fault, block_of, unknown_name
from workers.config.worker_options import NamesTopic, WorkerOptions

MIB = 1024 * 1024


def cross_faults(
    values: Mapping[str, Any],
    topics: Mapping[str, TopicSpec | None],
    workers: Mapping[str, WorkerOptions],
    models: Mapping[str, type[WorkerOptions]],
) -> list[Fault]:
    """Compare keys with each other; the path of a fault is the key to change.

    ``values`` is the file with ``defaults`` filled in, of which ``topics`` and ``workers`` are the valid entries.
    A topic is ``None`` where it has faults: its name is known, and the rest of it is not compared.
    """
    faults = [fault for topic, spec in topics.items() if spec for fault in _topic_faults(topic, spec)]
    entries = values.get("workers")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if models and name not in models:
            faults.append(Fault(("workers", name), unknown_name("worker", name, sorted(models))))
        faults += _unknown_topics(("workers", name), models.get(name, WorkerOptions), entry, sorted(topics))
    for name, worker in workers.items():
        faults += worker_faults(name, worker, topics.get(worker.topic))
    return faults + _shared_groups(workers)


def _topic_faults(topic: str, spec: TopicSpec) -> Iterator[Fault]:
    if topic.endswith(DEAD_LETTER_SUFFIX):
        yield Fault(
            ("topics", topic),
            f"{DEAD_LETTER_SUFFIX} is the suffix of dead-letter topics, which exist anyway; remove it",
        )
    own = {"retention.ms": "retention_hours", "max.message.bytes": "max_message_bytes"}
    for name in own.keys() & spec.config.keys():
        yield Fault(("topics", topic, "config", name), f"has a key of its own; use {own[name]}")


def _unknown_topics(path: tuple[str, ...], model: type[BaseModel], entry: Any, topics: list[str]) -> Iterator[Fault]:
    """Check every field that names a topic, whatever else is wrong with the entry."""
    for name, field in model.model_fields.items() if isinstance(entry, dict) else ():
        value, inner = entry.get(name), block_of(field.annotation)
        if inner is not None:
            yield from _unknown_topics((*path, name), inner, value, topics)
        elif isinstance(value, str) and value not in topics and any(isinstance(m, NamesTopic) for m in field.metadata):
            yield Fault((*path, name), unknown_name("topic", value, topics))


def worker_faults(name: str, worker: WorkerOptions, topic: TopicSpec | None) -> Iterator[Fault]:
    """Compare the options of one worker with each other, and with its topic."""
    here = ("workers", name)
    if topic and worker.consumer.buffer_mb * MIB < topic.max_message_bytes:
        largest = -(-topic.max_message_bytes // MIB)
        yield Fault(
            (*here, "consumer", "buffer_mb"),
            f"{worker.consumer.buffer_mb} is less than one message of {worker.topic}; use {largest} or more",
        )
    if worker.retry.initial_ms > worker.retry.max_ms:
        yield Fault(
            (*here, "retry", "initial_ms"),
            f"{worker.retry.initial_ms} is more than max_ms; use at most {worker.retry.max_ms}",
        )
    if worker.batch.max_wait_ms >= worker.drain.grace_seconds * 1_000:
        yield Fault(
            (*here, "batch", "max_wait_ms"),
            f"{worker.batch.max_wait_ms} is not less than drain.grace_seconds, so the last batch would be cut off; "
            f"use less than {worker.drain.grace_seconds * 1_000}",
        )


def _shared_groups(workers: Mapping[str, WorkerOptions]) -> list[Fault]:
    first: dict[str, str] = {}
    return [
        Fault(
            ("workers", name, "group"),
            f"{worker.group} is already the group of worker {first[worker.group]}; use another one",
        )
        for name, worker in workers.items()
        if first.setdefault(worker.group, name) != name
    ]
