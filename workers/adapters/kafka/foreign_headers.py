"""The headers of dead letters that other systems write.

- Kafka Connect: ``__connect.errors.*``, text (KIP-298).
- Kafka Streams: ``__streams.errors.*``, text (KIP-1034).
- Share groups: ``__dlq.errors.*``, text (KIP-1191). A record is copied only on demand, its headers never.
- Spring Kafka: ``kafka_dlt-*``, numbers as big-endian bytes (``org.springframework.kafka.support.KafkaHeaders``).

None of them says when the record failed: the time is that of the dead letter.
"""

from collections.abc import Callable
from typing import NamedTuple

from workers.adapters.kafka.headers import MESSAGE_CHARACTERS, PREFIX, DeadLetterHeaders, Headers, parse, replays_of
from workers.core.record import Record

UNKNOWN = "unknown"
CONNECT_STAGES = ("KEY_CONVERTER", "VALUE_CONVERTER", "HEADER_CONVERTER", "TRANSFORMATION", "TASK_PUT")
"""Where a sink connector can dead-letter a record, in the words of Kafka Connect."""
BINARY_NUMBERS = (4, 8)
"""Bytes of a Java int and of a Java long."""


class FamilyHeaders:
    """The headers of a record that begin with a prefix, by the rest of their names. The last one of a name counts."""

    def __init__(self, headers: Headers, prefix: str) -> None:
        self._prefix = prefix
        self._values = {
            name.removeprefix(prefix): value for name, value in headers if name.startswith(prefix) and value is not None
        }

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, otherwise: str = UNKNOWN) -> str:
        """Return a header as text; never raises, because anybody can write to a topic."""
        value = self._values.get(name)
        return otherwise if value is None else value.decode(errors="replace")

    def required(self, name: str) -> str:
        """Return a header as text. Raises ``ValueError`` naming the header."""
        if name not in self._values:
            raise ValueError(f"header {self._prefix}{name} is missing: it does not say where it came from")
        return self.text(name)

    def number(self, name: str) -> int:
        """Return a number in decimal digits or big-endian bytes. Raises ``ValueError`` naming the header."""
        text, value = self.required(name), self._values[name]
        try:
            return int(text)
        except ValueError:
            if len(value) not in BINARY_NUMBERS:
                raise ValueError(f"header {self._prefix}{name} is malformed: {text!r} is no number") from None
            return int.from_bytes(value, "big", signed=True)


class Family(NamedTuple):
    """How one system writes dead letters. ``read`` raises ``ValueError`` naming a missing or malformed header."""

    prefix: str
    read: Callable[[Record, str], DeadLetterHeaders]


def read_errors(record: Record) -> tuple[str, DeadLetterHeaders]:
    """Return the prefix of the headers that say why a record failed, and what they say.

    Where several systems have written some, the last one in the record counts: each adds its own behind the others.
    Raises ``ValueError`` naming the header that is missing or malformed.
    """
    for name, _ in reversed(list(record.headers)):
        for family in FAMILIES:
            if name.startswith(family.prefix):
                return family.prefix, family.read(record, family.prefix)
    raise ValueError(f"header {PREFIX}topic is missing: the record is no dead letter of ours, nor of a system we know")


def _ours(record: Record, prefix: str) -> DeadLetterHeaders:
    """Read our own headers, or those of a share group: ours have all of theirs, and a code."""
    try:
        return parse(record.headers)
    except ValueError:
        headers = FamilyHeaders(record.headers, prefix)
        if "code" in headers or "topic" not in headers:
            raise
    return _share_group(record, headers)


def _share_group(record: Record, headers: FamilyHeaders) -> DeadLetterHeaders:
    group, deliveries = headers.text("group"), headers.text("delivery.count")
    message = f"{headers.text('message')} (deliveries: {deliveries})"
    return _described(record, headers, ("", group), (group, UNKNOWN), "share-group", ("", message))


def _connect(record: Record, prefix: str) -> DeadLetterHeaders:
    headers = FamilyHeaders(record.headers, prefix)
    connector = headers.text("connector.name")
    failure = headers.text("exception.class.name"), headers.text("exception.message", "")
    by = connector, headers.text("stage")
    return _described(record, headers, ("", f"connect-{connector}"), by, "connect", failure)


def _streams(record: Record, prefix: str) -> DeadLetterHeaders:
    headers = FamilyHeaders(record.headers, prefix)
    failure = headers.text("exception"), headers.text("message", "")
    return _described(record, headers, ("", UNKNOWN), (UNKNOWN, UNKNOWN), "streams", failure)


def _spring(record: Record, prefix: str) -> DeadLetterHeaders:
    """Read Spring's headers. The cause says more than the exception, which is nearly always the listener's."""
    headers = FamilyHeaders(record.headers, prefix)
    group = headers.text("original-consumer-group")
    exception = headers.text("exception-cause-fqcn", headers.text("exception-fqcn"))
    failure = exception, headers.text("exception-message", "")
    return _described(record, headers, ("original-", group), (group, UNKNOWN), "spring", failure)


def _described(  # noqa: PLR0913, PLR0917 - what the families write in ways of their own
    record: Record,
    headers: FamilyHeaders,
    origin: tuple[str, str],
    by: tuple[str, str],
    system: str,
    failure: tuple[str, str],
) -> DeadLetterHeaders:
    """Return the headers in our form.

    ``origin`` is what the names of topic, partition and offset begin with, and the group; ``by`` the worker and its
    stage; ``failure`` the class of the exception, and the message. The code is ``system.ClassOfTheException``.
    """
    (begin, group), (worker, stage), (exception, message) = origin, by, failure
    replay_id, replay_count = replays_of(record.headers)
    short = exception.rpartition(".")[2]
    timestamp = f"{begin}timestamp"
    return DeadLetterHeaders(
        topic=headers.required(f"{begin}topic"),
        partition=headers.number(f"{begin}partition"),
        offset=headers.number(f"{begin}offset"),
        timestamp=headers.number(timestamp) if timestamp in headers else record.timestamp,
        group=group,
        worker=worker,
        stage=stage,
        exception_class=exception,
        message=message[:MESSAGE_CHARACTERS],
        code=f"{system}.{short}" if short else system,
        first_failed_at=record.timestamp,
        failed_at=record.timestamp,
        replay_id=replay_id,
        replay_count=replay_count,
        first_offset=headers.number(f"{begin}offset"),
    )


FAMILIES = (
    Family(PREFIX, _ours),
    Family("__connect.errors.", _connect),
    Family("__streams.errors.", _streams),
    Family("kafka_dlt-", _spring),
)
