"""Delete dead letters. Kafka deletes only from the beginning of a partition."""

from typing import NamedTuple

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topics import delete_records
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection


class PurgePlan(NamedTuple):
    """What can be deleted of a dead-letter topic.

    ``up_to``  by partition, the offset before which every letter is selected
    ``letters``  letters before these offsets; ``kept`` selected letters behind one that is not selected
    """

    topic: str
    up_to: dict[int, int]
    letters: int
    kept: int


def plan_purge(dead_letters: DeadLetters, selection: Selection) -> PurgePlan:
    """Find the beginning of each partition that is selected as a whole. Raises ``Misconfigured``, ``Unreachable``."""
    ends, stopped = dict(dead_letters.ends), dict[int, int]()
    counts = dict.fromkeys(ends, 0)
    kept = 0
    for letter in dead_letters.selected(Selection()):
        partition, offset = letter.record.partition, letter.record.offset
        if letter not in selection:
            stopped.setdefault(partition, offset)
        elif partition in stopped:
            kept += 1
        else:
            counts[partition] += 1
    up_to = {number: stopped.get(number, end) for number, end in ends.items() if counts[number]}
    return PurgePlan(dead_letters.topic, up_to, sum(counts.values()), kept)


def delete(dead_letters: DeadLetters, plan: PurgePlan) -> None:
    """Delete what the plan says. Raises ``Misconfigured``, ``Unreachable``."""
    delete_records(Admin(dead_letters.kafka), plan.topic, plan.up_to)
