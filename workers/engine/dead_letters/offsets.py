"""Which records of a partition have become dead letters."""

import asyncio
from collections.abc import Sequence
from itertools import islice

from workers.adapters.kafka.headers import NAMES, PREFIX
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.config.topics import dead_letter_topic
from workers.core.errors import Misconfigured, Retryable, Unreachable

TOPIC, PARTITION, OFFSET = (PREFIX + NAMES[name] for name in ("topic", "partition", "offset"))
MOST = 10_000
"""Dead letters that are read at once; the others come the next time."""


async def dead_letter_offsets(
    kafka: KafkaSettings, topic: str, partition: int, begin: int, most: int = MOST
) -> tuple[Sequence[int], int]:
    """Return the offsets that records of a topic's partition had, ascending, and where to read on.

    ``begin`` is an offset of the dead-letter topic. Raises ``Retryable``.
    """
    try:
        return await asyncio.to_thread(
            _read, TopicReader(kafka, dead_letter_topic(topic)), topic, partition, begin, most
        )
    except (Misconfigured, Unreachable) as error:
        raise Retryable(str(error)) from error


def _read(reader: TopicReader, topic: str, partition: int, begin: int, most: int) -> tuple[Sequence[int], int]:
    end = reader.end_offsets().get(partition, 0)
    records = reader.between({partition: begin}, {partition: end})
    here = topic.encode(), str(partition).encode()
    offsets, following = set[int](), min(end, begin)
    for record in islice(records, most):
        following = record.offset + 1
        headers = dict(record.headers)
        if (headers.get(TOPIC), headers.get(PARTITION)) == here and (offset := headers.get(OFFSET)):
            offsets.add(int(offset))
    return sorted(offsets), following
