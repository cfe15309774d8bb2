"""Whether the graph holds what the produced records come to."""

from collections.abc import Mapping, Sequence

from workers.dev.demo.report import DeadLetterCount

Check = tuple[str, int, int]
"""Name, what the records come to, what was found."""


def compare(
    expected: Mapping[str, int], found: Mapping[str, int], poison: int, dead_letters: Sequence[DeadLetterCount]
) -> list[Check]:
    """Put what was expected of this run's traces beside what is there; statuses that nobody expects count, too."""
    names = [*expected, *(name for name in found if name not in expected)]
    checks = [(name, expected.get(name, 0), found.get(name, 0)) for name in names]
    return [*checks, ("dead letters", poison, sum(each.count for each in dead_letters))]


def problems_of(checks: Sequence[Check]) -> list[str]:
    """Say what differs, one sentence each."""
    return [
        f"{name}: the records sent come to {expected:,}, found {found:,}"
        for name, expected, found in checks
        if expected != found
    ]
