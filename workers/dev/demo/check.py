"""Compare the graph with what the produced records must give."""

from collections.abc import Mapping, Sequence

from workers.dev.demo.report import DeadLetterCount

Check = tuple[str, int, int]
"""Name, expected count, found count."""


def compare(
    expected: Mapping[str, int], found: Mapping[str, int], poison: int, dead_letters: Sequence[DeadLetterCount]
) -> list[Check]:
    """Pair expected counts with found counts; unexpected statuses are compared, too."""
    names = [*expected, *(name for name in found if name not in expected)]
    checks = [(name, expected.get(name, 0), found.get(name, 0)) for name in names]
    return [*checks, ("dead letters", poison, sum(each.count for each in dead_letters))]


def problems_of(checks: Sequence[Check]) -> list[str]:
    """Return one sentence for each difference."""
    return [
        f"{name}: the records sent come to {expected:,}, found {found:,}"
        for name, expected, found in checks
        if expected != found
    ]
