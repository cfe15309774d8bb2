"""How far a consumer group is behind."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured

COUNTED = 1_000
"""The largest difference of offsets whose records are read and counted."""


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition: the offset after its last record, the group's committed offset, and the records between.

    ``committed`` is ``None`` where the group has committed nothing yet; the lag is then all there is.
    """

    end_offset: int
    committed: int | None
    lag: int


def group_lag(kafka: KafkaSettings, group: str, topic: str) -> dict[int, PartitionLag]:
    """Return the lag of each partition of ``topic``; a group that does not exist has committed nothing.

    Raises ``Misconfigured`` when there is no such topic, ``Unreachable``. Blocks for up to ten seconds.
    """
    admin = Admin(kafka)
    count = admin.topics().get(topic)
    if count is None:
        raise Misconfigured(f"there is no topic {topic}; create it with `memory-graph topology apply --execute`")
    partitions = [TopicPartition(topic, number) for number in range(count)]
    first = _offsets(admin, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # it has no types
    committed = _committed(admin, group, partitions)
    # Last of all, so that the lag is never less than what a commit in between would make it.
    end = _offsets(admin, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # same reason as above
    lags = {number: lag_of(first[number], end[number], committed.get(number)) for number in range(count)}
    return lags | _counted(kafka, topic, {number: each for number, each in lags.items() if 0 < each.lag <= COUNTED})


def _counted(kafka: KafkaSettings, topic: str, lags: Mapping[int, PartitionLag]) -> dict[int, PartitionLag]:
    """Count the records behind small lags: the end of a transaction has an offset too, and is never consumed."""
    if not lags:
        return {}
    begins = {number: each.end_offset - each.lag for number, each in lags.items()}
    ends = {number: each.end_offset for number, each in lags.items()}
    records = Counter(record.partition for record in TopicReader(kafka, topic).between(begins, ends))
    return {number: replace(each, lag=records[number]) for number, each in lags.items()}


def lag_of(first: int, end: int, committed: int | None) -> PartitionLag:
    """Count the records from the committed offset to the end; those that retention took away do not count."""
    return PartitionLag(end, committed, max(0, end - max(first, committed or 0)))


def _offsets(admin: Admin, partitions: list[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
    answers = admin.client.list_offsets(dict.fromkeys(partitions, spec), request_timeout=admin.timeout_seconds)
    return {partition.partition: found.offset for partition, found in admin.results(answers).items()}


def _committed(admin: Admin, group: str, partitions: list[TopicPartition]) -> dict[int, int]:
    """Ask as a consumer that never joins the group.

    librdkafka 2.16's admin client crashes the process when it asks (a null pointer in
    ``rd_kafka_cgrp_op``) while the group's coordinator is loading, as it is on the first request to a new cluster.
    """
    consumer = Consumer({**admin.config, "group.id": group, "enable.auto.commit": False})
    try:
        found = admin.asked(lambda: consumer.committed(partitions, timeout=admin.timeout_seconds))
    finally:
        consumer.close()
    return {partition.partition: partition.offset for partition in found if partition.offset >= 0}


def group_members(admin: Admin, group: str) -> list[str]:
    """Return the client ids and hosts of a group's members; none for a group that does not exist.

    Raises ``Unreachable``, ``Misconfigured``.
    """

    def described() -> Any:
        return admin.client.describe_consumer_groups([group], request_timeout=admin.timeout_seconds)[group].result()

    try:
        return [f"{member.client_id} ({member.host})" for member in admin.asked(described).members]
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return []
        raise
