import pytest

from workers.dev.bench.measure.figures import percentile, slope, spread


def test_a_spread_is_the_median_between_the_least_and_the_greatest() -> None:
    assert spread([30.0, 10.0, 20.0]) == (20.0, 10.0, 30.0)


def test_one_round_is_its_own_spread() -> None:
    assert spread([7.0]) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.9, 90.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([float(each) for each in range(100, 0, -1)], share) == value


def test_a_steady_growth_is_found_by_least_squares() -> None:
    assert slope([(0.0, 100.0), (1.0, 102.5), (2.0, 105.0)]) == pytest.approx(2.5)


def test_scatter_around_a_level_has_hardly_a_slope() -> None:
    assert slope([(0.0, 100.0), (1.0, 104.0), (2.0, 104.0), (3.0, 100.0)]) == pytest.approx(0.0)


@pytest.mark.parametrize("points", [[], [(1.0, 5.0)], [(1.0, 5.0), (1.0, 9.0)]])
def test_too_little_for_a_line_has_no_slope(points: list[tuple[float, float]]) -> None:
    assert slope(points) == 0.0
