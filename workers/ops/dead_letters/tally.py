"""Count dead letters by topic, code, stage, worker and earlier replays."""

from collections.abc import Iterable
from typing import NamedTuple

from workers.ops.dead_letters.journal import Journal
from workers.ops.dead_letters.letter import Letter
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection

Kind = tuple[str, str, str, str]


class Group(NamedTuple):
    """The dead letters of one kind. ``oldest`` and ``newest`` failed at, epoch milliseconds.

    ``replayed``  how many of them were sent back to their topic; ``again`` how many came from a replay and failed again
    ``message``   that of the newest
    """

    topic: str
    code: str
    stage: str
    worker: str
    letters: int
    oldest: int
    newest: int
    replayed: int
    again: int
    message: str


def tally(topics: Iterable[DeadLetters], selection: Selection) -> list[Group]:
    """Return the groups of all topics, the largest first. Memory depends on the number of groups, not of letters.

    Raises ``Misconfigured``, ``Unreachable``.
    """
    groups: dict[Kind, Group] = {}
    for topic in topics:
        journal = Journal(topic)
        for letter in topic.selected(selection):
            kind = topic.topic, letter.code, letter.stage, letter.worker
            groups[kind] = _counted(groups.get(kind), kind, letter, replayed=letter in journal)
    return sorted(groups.values(), key=lambda group: (-group.letters, group.topic, group.code))


def _counted(group: Group | None, kind: Kind, letter: Letter, *, replayed: bool) -> Group:
    at = letter.failed_at
    message = letter.errors.message if letter.errors else letter.problem
    if group is None:
        return Group(*kind, 1, at, at, int(replayed), int(letter.replays > 0), message)
    return group._replace(
        letters=group.letters + 1,
        oldest=min(group.oldest, at),
        newest=max(group.newest, at),
        replayed=group.replayed + replayed,
        again=group.again + (letter.replays > 0),
        message=message if at >= group.newest else group.message,
    )
