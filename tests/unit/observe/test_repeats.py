import io
import json
import logging

from workers.config.settings import LogFormat, LogLevel, LogSettings
from workers.observe.log import configure_logging
from workers.observe.repeats import EVERY_SECONDS, MOST_LINES, RepeatsLimit


class Clock:
    """A clock that a test sets, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time of now."""
        return self.now


def _record(text: str, name: str = "aiokafka.conn", level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, (), None)


def test_an_hour_of_outage_is_a_line_in_thirty_seconds_that_counts_the_others() -> None:
    clock = Clock()
    limit = RepeatsLimit(("aiokafka",), clock)
    shown = []
    for tenth in range(36_000):
        clock.now = tenth / 10
        record = _record(f"Unable connect to node with id 1: attempt {tenth}")
        if limit.filter(record):
            shown.append(vars(record).get("repeated"))

    assert len(shown) == 3_600 / EVERY_SECONDS
    assert set(shown) == {None, EVERY_SECONDS * 10 - 1}


def test_other_words_another_level_and_another_logger_are_other_lines() -> None:
    limit = RepeatsLimit(("aiokafka",), Clock())
    lines = (
        _record("Unable connect to node 1"),
        _record("Unable to update metadata from [1]"),
        _record("Unable connect to node 1", level=logging.WARNING),
        _record("Unable connect to node 1", name="aiokafka.client"),
    )

    assert all(map(limit.filter, lines))
    assert not any(map(limit.filter, lines))


def test_the_lines_of_the_product_are_never_left_out() -> None:
    limit = RepeatsLimit(("aiokafka",), Clock())

    assert all(limit.filter(_record("dead letter", name="workers.engine.batch.delivery")) for _ in range(3))


def test_lines_that_are_all_different_do_not_fill_the_memory() -> None:
    limit = RepeatsLimit(("aiokafka",), Clock())
    words = ["".join(chr(ord("a") + int(digit)) for digit in str(number)) for number in range(3 * MOST_LINES)]

    assert all(limit.filter(_record(word)) for word in words)
    assert len(limit._shown) <= MOST_LINES  # noqa: SLF001 - the memory is what this test is about


def test_a_worker_that_logs_has_the_limit() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(level=LogLevel.INFO, format=LogFormat.JSON), stream)
    for port in (9092, 9093):
        logging.getLogger("librdkafka").error("Connect to 127.0.0.1:%d failed", port)

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == [
        "Connect to 127.0.0.1:9092 failed"
    ]
