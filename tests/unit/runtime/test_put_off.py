from workers.core.procedure import Awaiting, Call, Publish, Step
from workers.core.reference import Question
from workers.runtime import put_off as module
from workers.runtime.put_off import LONGEST_SECONDS, PutOff


def call(name: str, told: int = 0) -> Step:
    return Step([Call("POST", "/", {"told": told}, name)], Question("", {"told": told}))


def test_a_refused_step_waits_twice_as_long_each_time_up_to_an_hour() -> None:
    put_off, now = PutOff(), 0.0
    for seconds in (60, 120, 240, 480, 960, 1_920, *[LONGEST_SECONDS] * 100):
        put_off.refused(call("a", told=int(now)), now)
        assert put_off.due([call("a"), call("b")], now + seconds - 1) == [call("b")]
        now += seconds
        assert put_off.due([call("a"), call("b")], now) == [call("a"), call("b")]
    put_off.done(call("a"))
    put_off.refused(call("a"), now)
    assert put_off.due([call("a")], now + 60) == [call("a")]


def test_what_failed_goes_last_until_a_round_goes_through() -> None:
    put_off = PutOff()
    put_off.failed(call("a"))
    assert put_off.due([call("a"), call("b")], 0) == [call("b"), call("a")]
    put_off.settled()
    assert put_off.due([call("a"), call("b")], 0) == [call("a"), call("b")]


def test_steps_are_told_apart_by_what_they_do_and_else_by_what_they_write() -> None:
    published = Step([Publish("topic", b"key", "Record", {"at": 1})], None)
    again = Step([Publish("topic", b"key", "Record", {"at": 2})], None)
    written, other = Step([], Question("", {"id": 1})), Step([], Question("", {"id": 2}))
    put_off = PutOff()
    put_off.refused(published, 0)
    put_off.refused(written, 0)
    assert put_off.due([again, written, other], 0) == [other]


def test_what_is_remembered_is_bounded() -> None:
    put_off = PutOff()
    for name in range(module.MOST_REMEMBERED + 1):
        put_off.refused(call(str(name)), 0)
    assert put_off.due([call("0"), call(str(module.MOST_REMEMBERED))], 0) == [call("0")]


def test_what_only_shows_a_number_is_named_by_its_kind() -> None:
    put_off = PutOff()
    put_off.refused(Step([Awaiting(1)], None), 0)
    assert put_off.due([Step([Awaiting(2)], None)], 1) == []
