from workers.core.job import AskConnector, Call, Publish, Step
from workers.core.metric import Measurement, gauge
from workers.core.reference import Query
from workers.engine.jobs import backoff as module
from workers.engine.jobs.backoff import LONGEST_SECONDS, Backoff


def call(name: str, at: int = 0) -> Step:
    return Step([Call("POST", "/", {"at": at}, name)], Query("", {"at": at}))


def test_a_refused_step_waits_twice_as_long_each_time_up_to_an_hour() -> None:
    backoff, now = Backoff(), 0.0
    for seconds in (60, 120, 240, 480, 960, 1_920, *[LONGEST_SECONDS] * 100):
        backoff.refused(call("a", at=int(now)), now)
        assert backoff.due([call("a"), call("b")], now + seconds - 1) == [call("b")]
        now += seconds
        assert backoff.due([call("a"), call("b")], now) == [call("a"), call("b")]
    backoff.done(call("a"))
    backoff.refused(call("a"), now)
    assert backoff.due([call("a")], now + 60) == [call("a")]


def test_failed_steps_run_last_until_a_round_has_no_failure() -> None:
    backoff = Backoff()
    backoff.failed(call("a"))
    assert backoff.due([call("a"), call("b")], 0) == [call("b"), call("a")]
    backoff.round_done()
    assert backoff.due([call("a"), call("b")], 0) == [call("a"), call("b")]


def test_steps_are_identified_by_their_effects_and_without_effects_by_their_record() -> None:
    published = Step([Publish("topic", b"key", "Record", {"at": 1})], None)
    again = Step([Publish("topic", b"key", "Record", {"at": 2})], None)
    written, other = Step([], Query("", {"id": 1})), Step([], Query("", {"id": 2}))
    backoff = Backoff()
    backoff.refused(published, 0)
    backoff.refused(written, 0)
    assert backoff.due([again, written, other], 0) == [other]


def test_the_number_of_remembered_steps_is_limited() -> None:
    backoff = Backoff()
    for name in range(module.MAX_STEPS + 1):
        backoff.refused(call(str(name)), 0)
    assert backoff.due([call("0"), call(str(module.MAX_STEPS))], 0) == [call("0")]


def test_a_measurement_is_identified_by_its_metric() -> None:
    waiting, backoff = gauge("waiting", "Waiting things."), Backoff()
    backoff.refused(Step([Measurement(waiting, 1)], None), 0)
    assert backoff.due([Step([Measurement(waiting, 2)], None)], 1) == []


def test_a_step_that_asks_for_a_connector_is_identified_by_its_name() -> None:
    first, second = (Step([AskConnector(name, gauge("running", "It runs."))], None) for name in ("one", "two"))
    backoff = Backoff()
    backoff.refused(first, 0)
    assert backoff.due([first, second], 0) == [second]
