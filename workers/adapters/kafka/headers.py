"""The headers that make a record a dead letter: where it failed, why, when, and how often it was replayed.

Text, in the style of Kafka Connect's ``__connect.errors.*``. Times are epoch milliseconds in decimal digits.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from workers.core.dead_letter import DeadLetter
from workers.core.stage import Stage

Headers: TypeAlias = Iterable[tuple[str, bytes | None]]

PREFIX = "__dlq.errors."
MESSAGE_CHARACTERS = 1000
"""Headers share the topic's size limit with the value: no message may eat it up."""

NAMES = {
    "topic": "topic",
    "partition": "partition",
    "offset": "offset",
    "timestamp": "timestamp",
    "group": "group",
    "worker": "worker",
    "stage": "stage",
    "exception_class": "exception.class.name",
    "message": "message",
    "code": "code",
    "first_failed_at": "first.failed.at",
    "failed_at": "failed.at",
    "replay_id": "replay.id",
    "replay_count": "replay.count",
    "first_offset": "first.offset",
}
"""Header name, after the prefix, of each field of ``DeadLetterHeaders``."""


class DeadLetterHeaders(NamedTuple):
    """Our headers, typed. ``topic`` to ``timestamp`` are the source record's.

    ``first_failed_at``  when the record failed for the first time, before any replay
    ``replay_id``        the replay that last sent it back to its topic; empty for none
    ``replay_count``     how many replays have sent it back
    ``first_offset``     its offset before any replay: its place in the order of its key
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    group: str
    worker: str
    stage: str
    exception_class: str
    message: str
    code: str
    first_failed_at: int
    failed_at: int
    replay_id: str = ""
    replay_count: int = 0
    first_offset: int = -1


def headers_of(letter: DeadLetter) -> list[tuple[str, bytes | None]]:
    """Return the dead letter's headers: the record's own in their order, duplicates included, then ours."""
    return attach(letter.record.headers, describe(letter))


def describe(letter: DeadLetter) -> DeadLetterHeaders:
    """Return our headers of a letter. A replayed record that fails again keeps its first failure and its replays."""
    record, earlier = letter.record, _texts(letter.record.headers)
    replay_id, replay_count = replays_of(record.headers)
    first_offset = replayed_from(record.headers)
    return DeadLetterHeaders(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        group=letter.group,
        worker=letter.worker,
        stage=letter.stage,
        exception_class=letter.exception_class,
        message=letter.message[:MESSAGE_CHARACTERS],
        code=letter.code,
        first_failed_at=_number(earlier.get("first.failed.at"), letter.failed_at),
        failed_at=letter.failed_at,
        replay_id=replay_id,
        replay_count=replay_count,
        first_offset=record.offset if first_offset is None else first_offset,
    )


def replays_of(headers: Headers) -> tuple[str, int]:
    """Return the id of the replay that sent a record, empty for none, and the number of its replays. Never raises."""
    texts = _texts(headers)
    return texts.get("replay.id", ""), _number(texts.get("replay.count"), 0)


def attach(headers: Headers, ours: DeadLetterHeaders) -> list[tuple[str, bytes | None]]:
    """Put our headers after the foreign ones, in place of any of ours from before."""
    own = [(PREFIX + name, _bytes(getattr(ours, field))) for field, name in NAMES.items()]
    return [*without(PREFIX, headers), *own]


def without(prefix: str | tuple[str, ...], headers: Headers) -> list[tuple[str, bytes | None]]:
    """Return the headers whose names do not begin with a prefix, or one of several, in order, duplicates included."""
    return [(name, value) for name, value in headers if not name.startswith(prefix)]


def parse(headers: Headers) -> DeadLetterHeaders:
    """Read our headers back. Raises ``ValueError`` naming the header that is missing or malformed."""
    values = {name: value for name, value in headers if value is not None}
    values.setdefault(f"{PREFIX}first.offset", values.get(f"{PREFIX}offset", b""))  # from before this header was added
    fields, name = list[Any](), ""
    try:
        for name, read in _READERS:
            fields.append(read(values[name]))
    except KeyError:
        raise ValueError(f"header {name} is missing: the record is no dead letter of ours") from None
    except ValueError as error:
        raise ValueError(f"header {name} is malformed: {error}") from error
    return DeadLetterHeaders(*fields)


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


_NUMBERS = ("partition", "offset", "timestamp", "first_failed_at", "failed_at", "replay_count", "first_offset")
_READ: Mapping[str, Callable[[bytes], Any]] = {
    "stage": lambda value: Stage(_text(value)),
    **dict.fromkeys(_NUMBERS, int),
}
_READERS = tuple((PREFIX + name, _READ.get(field, _text)) for field, name in NAMES.items())
"""How each header is read, in the order of the fields of ``DeadLetterHeaders``."""


def replayed_from(headers: Headers) -> int | None:
    """Return the offset at which a replayed record first came; ``None`` for a record that no replay has sent.

    Anybody can send this header: a number that is no offset of Kafka counts as none.
    """
    offset = _number(_texts(headers).get("first.offset"), -1)
    return offset if 0 <= offset < 2**63 else None


def _texts(headers: Headers) -> dict[str, str]:
    """Our headers as text, by name after the prefix. Anybody can send anything here: nothing is raised."""
    ours = ((name.removeprefix(PREFIX), value) for name, value in headers if name.startswith(PREFIX))
    return {name: value.decode(errors="replace") for name, value in ours if value is not None}


def _number(text: str | None, otherwise: int) -> int:
    try:
        return int(text or "")
    except ValueError:
        return otherwise


def _bytes(value: str | int) -> bytes:
    return str(value).encode(errors="backslashreplace")
