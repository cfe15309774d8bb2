"""What a replay does with a dead letter, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from workers.engine.batch.key_order import PARKED_BEHIND
from workers.ops.dead_letters.journal import Journal
from workers.ops.dead_letters.letter import Letter, Origin


class Verdict(StrEnum):
    """The value is the sentence that operators read."""

    SEND = "is sent"
    SENT_BEFORE = "was replayed before"
    COPY = "is a copy of a dead letter that is replayed"
    QUARANTINED = "was replayed too often: raise --max-replays to send it again"
    NO_ORIGIN = "has no headers that say where it came from"
    NO_RECORD = "has no copy of its record: set errors.deadletterqueue.copy.record.enable for the share group"
    OTHER_TOPIC = "came from a topic that is not in topology.yaml: allow it with --allow-topic"
    NO_PARTITION = "came from a partition that its topic does not have now: send it to a topic with --to"
    FAILS = "would fail again: repair its schema or its producer, or send it all the same with --even-failing"


NOTHING_LEFT_TO_DO = frozenset({Verdict.SEND, Verdict.SENT_BEFORE, Verdict.COPY})
"""The verdicts on letters that are back in their topic after a replay."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be sent.

    ``topics``       the topics that a record may have come from, and how many partitions each has now in Kafka
    ``max_replays``  the number of earlier replays at which a letter is quarantined
    ``target``       another topic to send everything to; empty for the topic and the partition that it came from
    """

    topics: Mapping[str, int]
    max_replays: int = 3
    target: str = ""


def verdict(letter: Letter, journal: Journal, rules: Rules) -> Verdict:
    """Decide about a letter; whether it would fail again is decided by ``DryRun``."""
    if letter in journal:
        return Verdict.SENT_BEFORE
    if (origin := letter.origin) is None:
        return Verdict.NO_ORIGIN
    if not letter.has_record:
        return Verdict.NO_RECORD
    if (misplaced := _misplaced(origin, rules)) is not None:
        return misplaced
    if journal.has_copy_of(letter):
        return Verdict.COPY
    failed_too_often = letter.replays >= rules.max_replays and letter.code != PARKED_BEHIND
    return Verdict.QUARANTINED if failed_too_often else Verdict.SEND


def _misplaced(origin: Origin, rules: Rules) -> Verdict | None:
    partitions = rules.topics.get(origin.topic)
    if partitions is None:
        return Verdict.OTHER_TOPIC
    there = rules.target or 0 <= origin.partition < partitions
    return None if there else Verdict.NO_PARTITION
