from workers.engine.jobs.capture_delay import MOST_SAMPLES, CaptureDelay


def test_a_log_that_is_confirmed_in_time_has_no_age() -> None:
    delay = CaptureDelay()
    assert [delay.measured(100, 100, 0), delay.measured(200, 100, 10), delay.measured(300, 200, 20)] == [0, 0, 0]


def test_the_age_is_that_of_the_oldest_end_that_is_not_confirmed() -> None:
    delay = CaptureDelay()
    delay.measured(100, 90, 0)
    assert delay.measured(200, 90, 10) == 10
    assert delay.measured(300, 150, 20) == 10, "100 is confirmed, 200 of second 10 is not"
    assert delay.measured(300, 300, 30) == 0


def test_an_idle_server_whose_log_is_not_confirmed_ages_too() -> None:
    delay = CaptureDelay()
    delay.measured(100, 90, 0)
    assert [delay.measured(100, 90, second) for second in (30, 60)] == [30, 60]


def test_without_a_slot_nothing_is_confirmed() -> None:
    delay = CaptureDelay()
    assert [delay.measured(100, None, second) for second in (0, 60)] == [0, 60]


def test_while_the_database_does_not_answer_what_was_known_gets_older() -> None:
    delay = CaptureDelay()
    assert delay.age(5) == 0
    delay.measured(100, 90, 0)
    assert delay.age(45) == 45


def test_a_log_that_stands_for_days_fills_no_memory_and_keeps_its_age() -> None:
    delay = CaptureDelay()
    ages = [delay.measured(100 + second, 90, second) for second in range(3 * MOST_SAMPLES)]
    assert ages[-1] == 3 * MOST_SAMPLES - 1
    assert delay.measured(10_000, 9_999, 5_000) == 0
