from workers.adapters.kafka.keyed_producer import Sent
from workers.dev.bench.measure.arrivals import Arrivals


def test_a_record_is_visible_when_its_watermark_was_seen() -> None:
    arrivals = Arrivals()
    arrivals.keep_from = 0.0
    arrivals.sent(Sent(0, 0, 10.0))
    arrivals.sent(Sent(0, 1, 10.5))
    arrivals.sent(Sent(1, 0, 10.6))
    arrivals.see({0: 0}, 11.0)
    assert arrivals.seconds == [(10.0, 1.0)]
    assert arrivals.pending == 2
    arrivals.see({0: 1, 1: 5}, 12.0)
    assert arrivals.seconds[1:] == [(10.5, 1.5), (10.6, 1.4000000000000004)]
    assert arrivals.pending == 0


def test_records_of_the_warm_up_are_counted_and_not_kept() -> None:
    arrivals = Arrivals()
    arrivals.keep_from = 20.0
    arrivals.sent(Sent(0, 0, 19.0))
    arrivals.sent(Sent(0, 1, 20.0))
    arrivals.see({0: 1}, 21.0)
    assert arrivals.seen == 2
    assert arrivals.seconds == [(20.0, 1.0)]
