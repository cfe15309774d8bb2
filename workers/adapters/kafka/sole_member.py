"""Be the only member of a consumer group: others see who it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.lag import group_members
from workers.config.settings import KafkaSettings
from workers.core.errors import ProblemsFound, Unreachable

SESSION_SECONDS = 6.0
"""The shortest session that brokers allow by default: so long a killed process remains a member."""
JOIN_SECONDS = 30.0
POLL_SECONDS = 0.2


@contextmanager
def sole_member(kafka: KafkaSettings, group: str, topic: str, name: str) -> Iterator[None]:
    """Join a group as its only member, under ``name``; nothing is read and nothing committed.

    It is an announcement and no lock: two that join at once may both be in. Raises ``ProblemsFound`` that names the
    member, ``Unreachable``.
    """
    admin = Admin(kafka)
    _require_empty(admin, group)
    consumer = Consumer(
        {
            **librdkafka_config(kafka),
            "client.id": name,
            "group.id": group,
            "session.timeout.ms": int(SESSION_SECONDS * 1000),
            "heartbeat.interval.ms": int(SESSION_SECONDS * 1000 / 3),
            "max.poll.interval.ms": 86_400_000,
            "enable.auto.commit": False,
            "log_level": 2,
        }
    )
    try:
        _join(consumer, topic)
        yield
    finally:
        consumer.close()


def _require_empty(admin: Admin, group: str) -> None:
    """Wait until a killed member's session has ended. Raises ``ProblemsFound`` for a living one."""
    deadline = time.monotonic() + SESSION_SECONDS + 2.0
    while members := group_members(admin, group):
        if time.monotonic() > deadline:
            raise ProblemsFound(f"{', '.join(members)} is at it: wait until that replay has ended, or stop it")
        time.sleep(POLL_SECONDS)


def _join(consumer: Consumer, topic: str) -> None:
    joined: list[Any] = []

    def assigned(_: Consumer, partitions: list[Any]) -> None:
        joined.append(partitions)
        consumer.pause(partitions)

    consumer.subscribe([topic], on_assign=assigned)
    deadline = time.monotonic() + JOIN_SECONDS
    while not joined:
        consumer.poll(POLL_SECONDS)
        if time.monotonic() > deadline:
            raise Unreachable(f"no assignment of {topic} within {JOIN_SECONDS:.0f} s; look at the broker's log")
