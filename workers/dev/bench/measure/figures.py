"""The statistics of the benchmark."""

from collections.abc import Sequence
from statistics import linear_regression, median
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of several rounds, with minimum and maximum."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of the values, which are not empty."""
    return Spread(median(values), min(values), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value with at least ``share`` (0 to 1) at or below it.

    ``values`` is not empty.
    """
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 10_000) // 10_000)
    return ordered[max(0, rank - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the growth of y per unit of x, by least squares.

    Returns 0 for fewer than two values of x.
    """
    if len({x for x, _ in points}) < 2:  # noqa: PLR2004 - a line needs two places
        return 0.0
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope
