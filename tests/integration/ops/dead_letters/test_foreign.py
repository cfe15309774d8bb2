"""Dead letters in the form of Spring, Kafka Streams and share groups, in a real Kafka: they come back as they were.

Their headers are written here as the documents of these systems say; ``test_connect.py`` has a real Kafka Connect.
"""

import struct
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.integration.ops.dead_letters.conftest import PARTITIONS, SourceTopic, created
from workers.adapters.kafka.headers import PREFIX
from workers.adapters.kafka.transactions import Transactions
from workers.core.clock import SystemClock
from workers.core.record import OutgoingRecord
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.tally import tally

OWN = [("trace", b"abc")]
PARTITION, OFFSET = 2, 41
AT = SystemClock().now_ms()
"""The replay keeps it: Kafka deletes records that are older than the topic's retention, within minutes."""
SPRING = [
    ("kafka_dlt-original-partition", struct.pack(">i", PARTITION)),
    ("kafka_dlt-original-offset", struct.pack(">q", OFFSET)),
    ("kafka_dlt-original-timestamp", struct.pack(">q", AT)),
    ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
    ("kafka_dlt-exception-message", b"Listener failed"),
]
STREAMS = [
    ("__streams.errors.exception", b"org.apache.kafka.common.errors.SerializationException"),
    ("__streams.errors.message", b"Size of data received is not 8"),
    ("__streams.errors.partition", b"%d" % PARTITION),
    ("__streams.errors.offset", b"%d" % OFFSET),
]
SHARE_GROUP = [
    ("__dlq.errors.partition", b"%d" % PARTITION),
    ("__dlq.errors.offset", b"%d" % OFFSET),
    ("__dlq.errors.group", b"shippers"),
    ("__dlq.errors.delivery.count", b"5"),
    ("__dlq.errors.message", b"Offset delivery count exceeded the threshold."),
]


@pytest.fixture
def dead(source: SourceTopic) -> Iterator[str]:
    """Create a dead-letter topic of another system."""
    name = f"other-{uuid4().hex[:12]}"
    with created(source.kafka, name):
        yield name


@pytest.mark.parametrize(
    ("topic_header", "headers", "code"),
    [
        ("kafka_dlt-original-topic", SPRING, "spring.IllegalStateException"),
        ("__streams.errors.topic", STREAMS, "streams.SerializationException"),
        ("__dlq.errors.topic", SHARE_GROUP, "share-group"),
    ],
    ids=["spring", "streams", "share-group"],
)
async def test_they_are_counted_and_come_back_once(
    source: SourceTopic, dead: str, topic_header: str, headers: list[tuple[str, bytes]], code: str
) -> None:
    failed = [*OWN, (topic_header, source.name.encode()), *headers]
    Transactions(source.kafka, dead).send([OutgoingRecord(dead, b"key", b"value", 0, failed, AT)])
    letters = DeadLetters(source.kafka, "", dead)
    (group,) = tally([letters], Selection())
    assert (group.code, group.letters, group.replayed) == (code, 1, 0)

    for _ in range(2):
        replay = Replay(DeadLetters(source.kafka, "", dead), Selection(), Rules({source.name: PARTITIONS}))
        done = await replay.execute(Who("replay-1", "anna", "a trial", 1), None, lambda _: None)
    assert done.count(Verdict.SENT_BEFORE) == 1
    (record,) = await source.records()
    assert (record.partition, record.key, record.value, record.timestamp) == (PARTITION, b"key", b"value", AT)
    theirs = [each for each in record.headers if not each[0].startswith(PREFIX)]
    assert theirs == OWN, "without the headers of the system that gave it up"
    assert dict(record.headers)[f"{PREFIX}replay.count"] == b"1"


async def test_what_a_share_group_gave_up_without_a_copy_is_not_sent(source: SourceTopic, dead: str) -> None:
    headers = [("__dlq.errors.topic", source.name.encode()), *SHARE_GROUP]
    Transactions(source.kafka, dead).send([OutgoingRecord(dead, None, None, 0, headers, AT)])
    replay = Replay(DeadLetters(source.kafka, "", dead), Selection(), Rules({source.name: PARTITIONS}))
    done = await replay.execute(Who("replay-1", "anna", "a trial", 1), None, lambda _: None)
    assert (done.count(Verdict.NO_RECORD), done.left_out) == (1, 1)
    assert await source.records() == []
