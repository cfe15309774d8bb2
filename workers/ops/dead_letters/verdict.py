"""What a replay does with a dead letter, and why."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from workers.ops.dead_letters.journal import Journal
from workers.ops.dead_letters.letter import Letter


class Verdict(StrEnum):
    """The value is the sentence that operators read."""

    SEND = "is sent"
    SENT_BEFORE = "was replayed before"
    COPY = "is a copy of a dead letter that is replayed"
    QUARANTINED = "was replayed too often: raise --max-replays to send it again"
    NO_ORIGIN = "has no headers that say where it came from"
    OTHER_TOPIC = "came from a topic that is not in topology.yaml: allow it with --allow-topic"
    FAILS = "would fail again: repair its schema or its producer, or send it all the same with --even-failing"


@dataclass(frozen=True, slots=True)
class Rules:
    """``max_replays`` is the number of earlier replays at which a letter is quarantined."""

    topics: Collection[str]
    max_replays: int = 3


def verdict(letter: Letter, journal: Journal, rules: Rules) -> Verdict:
    """Decide about a letter; whether it would fail again is decided by ``DryRun``."""
    if letter in journal:
        return Verdict.SENT_BEFORE
    if letter.origin is None:
        return Verdict.NO_ORIGIN
    if letter.origin.topic not in rules.topics:
        return Verdict.OTHER_TOPIC
    if journal.has_copy_of(letter):
        return Verdict.COPY
    return Verdict.QUARANTINED if letter.replays >= rules.max_replays else Verdict.SEND
