"""The statistics, all of them."""

from collections.abc import Sequence
from statistics import linear_regression, median
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of several rounds, with the least and the greatest."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Sum up the rounds; ``values`` is not empty."""
    return Spread(median(values), min(values), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` (0 to 1) of the values do not exceed; ``values`` is not empty."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 10_000) // 10_000)
    return ordered[max(0, rank - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return how much y grows for each unit of x, by least squares; 0 where there is nothing to fit."""
    if len({x for x, _ in points}) < 2:  # noqa: PLR2004 - a line needs two places
        return 0.0
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope
