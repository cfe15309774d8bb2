from workers.core.job import Awaiting, Call, Publish, Step
from workers.core.reference import Query
from workers.engine.jobs import backoff as module
from workers.engine.jobs.backoff import LONGEST_SECONDS, Backoff


def call(name: str, told: int = 0) -> Step:
    return Step([Call("POST", "/", {"told": told}, name)], Query("", {"told": told}))


def test_a_refused_step_waits_twice_as_long_each_time_up_to_an_hour() -> None:
    backoff, now = Backoff(), 0.0
    for seconds in (60, 120, 240, 480, 960, 1_920, *[LONGEST_SECONDS] * 100):
        backoff.refused(call("a", told=int(now)), now)
        assert backoff.due([call("a"), call("b")], now + seconds - 1) == [call("b")]
        now += seconds
        assert backoff.due([call("a"), call("b")], now) == [call("a"), call("b")]
    backoff.done(call("a"))
    backoff.refused(call("a"), now)
    assert backoff.due([call("a")], now + 60) == [call("a")]


def test_what_failed_goes_last_until_a_round_goes_through() -> None:
    backoff = Backoff()
    backoff.failed(call("a"))
    assert backoff.due([call("a"), call("b")], 0) == [call("b"), call("a")]
    backoff.settled()
    assert backoff.due([call("a"), call("b")], 0) == [call("a"), call("b")]


def test_steps_are_told_apart_by_what_they_do_and_else_by_what_they_write() -> None:
    published = Step([Publish("topic", b"key", "Record", {"at": 1})], None)
    again = Step([Publish("topic", b"key", "Record", {"at": 2})], None)
    written, other = Step([], Query("", {"id": 1})), Step([], Query("", {"id": 2}))
    backoff = Backoff()
    backoff.refused(published, 0)
    backoff.refused(written, 0)
    assert backoff.due([again, written, other], 0) == [other]


def test_what_is_remembered_is_bounded() -> None:
    backoff = Backoff()
    for name in range(module.MOST_REMEMBERED + 1):
        backoff.refused(call(str(name)), 0)
    assert backoff.due([call("0"), call(str(module.MOST_REMEMBERED))], 0) == [call("0")]


def test_what_only_shows_a_number_is_named_by_its_kind() -> None:
    backoff = Backoff()
    backoff.refused(Step([Awaiting(1)], None), 0)
    assert backoff.due([Step([Awaiting(2)], None)], 1) == []
