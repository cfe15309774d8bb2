"""The journal of replays, ``<topic>.dlq.replays``: the place of each dead letter that was sent back."""

from typing import TypeVar

import msgspec

EntryT = TypeVar("EntryT")
SUFFIX = ".replays"


class Replayed(msgspec.Struct, frozen=True):
    """What every entry of the journal has.

    ``topic_id``  of the dead-letter topic: offsets of a topic that was created again are other dead letters
    ``partition``, ``offset``  of the dead letter
    ``target``    the topic that it was sent to: another one than its source topic is a trial
    """

    topic_id: str
    partition: int
    offset: int
    target: str


def read_entry(decoder: msgspec.json.Decoder[EntryT], value: bytes | None) -> EntryT | None:
    """Read an entry of the journal; ``None`` for what is none. Anybody can write to a topic: nothing is raised."""
    try:
        return decoder.decode(value or b"")
    except (ValueError, RecursionError):
        return None
