import pytest

from workers.adapters.kafka.keyed_producer import Sent
from workers.dev.demo.visible import Visible, percentile


def test_a_record_is_visible_when_a_watermark_has_reached_it() -> None:
    visible = Visible()
    visible.sent(Sent(partition=0, offset=5, at=10.0))
    visible.sent(Sent(partition=0, offset=6, at=10.1))
    visible.sent(Sent(partition=1, offset=0, at=10.2))
    visible.see({0: 4}, now=11.0)
    assert (visible.seconds, visible.pending) == ([], 3)
    visible.see({0: 5, 1: -1}, now=12.0)
    assert visible.seconds == [pytest.approx(2.0)]
    visible.see({0: 9, 1: 0}, now=13.0)
    assert visible.seconds == [pytest.approx(2.0), pytest.approx(2.9), pytest.approx(2.8)]
    assert visible.pending == 0


def test_a_partition_without_watermark_shows_nothing() -> None:
    visible = Visible()
    visible.sent(Sent(partition=3, offset=0, at=0.0))
    visible.see({}, now=1.0)
    assert visible.pending == 1


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.9, 90), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(1, 101)], share) == value


def test_every_percentile_of_one_value_is_that_value() -> None:
    assert [percentile([7.0], share) for share in (0.0, 0.5, 0.99)] == [7.0, 7.0, 7.0]
