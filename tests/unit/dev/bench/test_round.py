import pytest

from workers.dev.bench.measure.watch import Look
from workers.dev.bench.round import Sample, figures


def sample(at: float, events: int, cpu: float, database: float, rss: float) -> Sample:
    return Sample(Look(at, events), cpu, database, database / 10, rss)


def test_a_round_is_measured_between_the_first_batch_and_the_last() -> None:
    measured = figures(
        [
            sample(10.0, 1_000, 2.0, 50.0, 90.0),
            sample(11.0, 6_000, 2.2, 50.5, 130.0),
            sample(12.0, 11_000, 2.5, 51.0, 110.0),
        ],
        {},
    )
    assert measured.events == 10_000
    assert measured.events_per_second == pytest.approx(5_000)
    assert measured.cpu_us == pytest.approx(50)
    assert measured.database_us == pytest.approx(100)
    assert measured.broker_us == pytest.approx(10)
    assert measured.rss_mib == 130.0


def test_all_in_one_look_has_no_speed() -> None:
    measured = figures([sample(10.0, 1_000, 2.0, 50.0, 90.0)], {"Invocation": -1})
    assert measured.events_per_second == 0.0
    assert measured.differences == {"Invocation": -1}
