"""Dead letters as other systems write them; the headers are from their documents, not from our code."""

import struct

import pytest

from workers.adapters.kafka.foreign_headers import read_errors
from workers.adapters.kafka.headers import headers_of
from workers.core.dead_letter import DeadLetter
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage

Headers = list[tuple[str, bytes | None]]

CONNECT: Headers = [
    ("__connect.errors.topic", b"orders"),
    ("__connect.errors.partition", b"2"),
    ("__connect.errors.offset", b"41"),
    ("__connect.errors.connector.name", b"warehouse"),
    ("__connect.errors.task.id", b"0"),
    ("__connect.errors.stage", b"VALUE_CONVERTER"),
    ("__connect.errors.class.name", b"org.apache.kafka.connect.json.JsonConverter"),
    ("__connect.errors.exception.class.name", b"org.apache.kafka.connect.errors.DataException"),
    ("__connect.errors.exception.message", b"Converting byte[] failed"),
    ("__connect.errors.exception.stacktrace", b"org.apache..."),
]
STREAMS: Headers = [
    ("__streams.errors.exception", b"org.apache.kafka.common.errors.SerializationException"),
    ("__streams.errors.stacktrace", b"org.apache..."),
    ("__streams.errors.message", b"Size of data received is not 8"),
    ("__streams.errors.topic", b"orders"),
    ("__streams.errors.partition", b"2"),
    ("__streams.errors.offset", b"41"),
]
SPRING: Headers = [
    ("kafka_dlt-original-topic", b"orders"),
    ("kafka_dlt-original-partition", struct.pack(">i", 2)),
    ("kafka_dlt-original-offset", struct.pack(">q", 41)),
    ("kafka_dlt-original-timestamp", struct.pack(">q", 1_700_000_000_000)),
    ("kafka_dlt-original-timestamp-type", b"CREATE_TIME"),
    ("kafka_dlt-original-consumer-group", b"billing"),
    ("kafka_dlt-exception-fqcn", b"org.springframework.kafka.listener.ListenerExecutionFailedException"),
    ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
    ("kafka_dlt-exception-message", b"Listener failed"),
]
SHARE_GROUP: Headers = [
    ("__dlq.errors.topic", b"orders"),
    ("__dlq.errors.partition", b"2"),
    ("__dlq.errors.offset", b"41"),
    ("__dlq.errors.group", b"shippers"),
    ("__dlq.errors.delivery.count", b"5"),
    ("__dlq.errors.message", b"Offset delivery count exceeded the threshold."),
]


def dead_letter(headers: Headers) -> ConsumedRecord:
    return ConsumedRecord("some.dead.letters", 0, 7, 1_800_000_000_000, b"key", b"value", headers)


@pytest.mark.parametrize(
    ("headers", "prefix", "code", "worker", "stage", "group", "message"),
    [
        (
            CONNECT,
            "__connect.errors.",
            "connect.DataException",
            "warehouse",
            "VALUE_CONVERTER",
            "connect-warehouse",
            "Converting byte[] failed",
        ),
        (
            STREAMS,
            "__streams.errors.",
            "streams.SerializationException",
            "unknown",
            "unknown",
            "unknown",
            "Size of data received is not 8",
        ),
        (
            SPRING,
            "kafka_dlt-",
            "spring.IllegalStateException",
            "billing",
            "unknown",
            "billing",
            "Listener failed",
        ),
        (
            SHARE_GROUP,
            "__dlq.errors.",
            "share-group",
            "shippers",
            "unknown",
            "shippers",
            "Offset delivery count exceeded the threshold. (deliveries: 5)",
        ),
    ],
    ids=["connect", "streams", "spring", "share-group"],
)
def test_each_system_is_read(  # noqa: PLR0913, PLR0917 - the columns of the table
    headers: Headers, prefix: str, code: str, worker: str, stage: str, group: str, message: str
) -> None:
    written, errors = read_errors(dead_letter([("trace", b"1"), *headers]))
    assert written == prefix
    assert (errors.topic, errors.partition, errors.offset) == ("orders", 2, 41)
    assert (errors.code, errors.worker, errors.stage, errors.group) == (code, worker, stage, group)
    assert errors.message == message


def test_the_time_of_the_record_is_that_of_the_dead_letter_unless_a_header_has_it() -> None:
    assert read_errors(dead_letter(CONNECT))[1].timestamp == 1_800_000_000_000
    assert read_errors(dead_letter(SPRING))[1].timestamp == 1_700_000_000_000


def test_numbers_that_another_client_wrote_as_text_are_read_too() -> None:
    texts = [*SPRING, ("kafka_dlt-original-partition", b"1234"), ("kafka_dlt-original-offset", b"12345678")]
    errors = read_errors(dead_letter(texts))[1]
    assert (errors.partition, errors.offset) == (1234, 12345678)


def test_a_replay_is_counted_when_the_record_fails_again_elsewhere() -> None:
    replayed: Headers = [("__dlq.errors.replay.id", b"r1"), ("__dlq.errors.replay.count", b"2")]
    written, errors = read_errors(dead_letter([*replayed, *CONNECT]))
    assert (written, errors.replay_id, errors.replay_count) == ("__connect.errors.", "r1", 2)


def test_the_system_that_failed_last_counts() -> None:
    ours = DeadLetter(dead_letter(CONNECT), "group", "telemetry", Stage.DECODE, "avro.truncated", "it ends", "R", 99)
    assert read_errors(dead_letter(headers_of(ours)))[1].code == "avro.truncated"
    again = [*headers_of(ours), *SPRING]
    assert read_errors(dead_letter(again))[1].code == "spring.IllegalStateException"


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ([], "__dlq.errors.topic is missing"),
        (CONNECT[1:], "__connect.errors.topic is missing"),
        ([("__dlq.errors.group", b"g")], "__dlq.errors.topic is missing"),
        ([*STREAMS, ("__streams.errors.offset", b"two")], "__streams.errors.offset is malformed"),
        ([("kafka_dlt-original-topic", None)], "kafka_dlt-original-topic is missing"),
    ],
)
def test_what_is_missing_or_malformed_is_named(headers: Headers, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_errors(dead_letter(headers))
