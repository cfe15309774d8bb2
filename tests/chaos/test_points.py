"""Each strike happens at the requested pass, and at no other."""

from pathlib import Path

import pytest

from tests.chaos.checking.history import History
from tests.chaos.running.points import Action, At, InjectedBug, Point, Points


def struck(tmp_path: Path, at: At, passes: int) -> list[bool]:
    points = Points(str(at), History(tmp_path / "history.jsonl"))
    return [is_struck(points, at.point) for _ in range(passes)]


def is_struck(points: Points, point: Point) -> bool:
    try:
        points.reach(point)
    except InjectedBug:
        return True
    return False


def test_a_strike_falls_once(tmp_path: Path) -> None:
    assert struck(tmp_path, At(Point.AFTER_FETCH, 2, Action.RAISE), 4) == [False, True, False, False]


def test_a_lasting_strike_falls_from_then_on(tmp_path: Path) -> None:
    assert struck(tmp_path, At(Point.AFTER_FETCH, 2, Action.RAISE_ON), 4) == [False, True, True, True]


def test_other_points_are_passed_unharmed(tmp_path: Path) -> None:
    points = Points(str(At(Point.AFTER_FETCH, 1, Action.RAISE)), History(tmp_path / "history.jsonl"))
    points.reach(Point.AFTER_COMMIT)
    with pytest.raises(InjectedBug):
        points.reach(Point.AFTER_FETCH)


def test_a_strike_is_awaited_until_it_has_fallen(tmp_path: Path) -> None:
    points = Points(str(At(Point.BEFORE_COMMIT, 1, Action.RAISE)), History(tmp_path / "history.jsonl"))
    assert points.awaits(Point.BEFORE_COMMIT)
    assert not points.awaits(Point.AFTER_COMMIT)
    assert is_struck(points, Point.BEFORE_COMMIT)
    assert not points.awaits(Point.BEFORE_COMMIT)
