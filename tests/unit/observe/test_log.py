import io
import json
import logging
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from workers.config.settings import LogFormat, LogLevel, LogSettings
from workers.observe.log import configure_logging, get_logger


def _configured(log_format: LogFormat = LogFormat.JSON, level: LogLevel = LogLevel.INFO) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(LogSettings(level=level, format=log_format), stream)
    return stream


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_has_time_level_logger_event_and_keys() -> None:
    stream = _configured()
    get_logger("workers.engine").info("batch written", rows=1_000)

    (line,) = _lines(stream)
    stamped = datetime.fromisoformat(line.pop("timestamp"))
    assert line == {"level": "info", "logger": "workers.engine", "event": "batch written", "rows": 1_000}
    assert stamped.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - stamped) < timedelta(minutes=1)


def test_what_is_bound_around_the_work_is_on_every_line_of_whoever_logs() -> None:
    stream = _configured()
    where = {"worker": "telemetry", "topic": "llm-telemetry-events", "partition": 3, "offset": 42, "trace_id": "t-1"}
    with bound_contextvars(**where):
        get_logger("workers.engine").warning("rejected")
        logging.getLogger("faust").error("agent failed")
    get_logger("workers.engine").info("after")

    ours, theirs, after = _lines(stream)
    assert where.items() <= ours.items()
    assert where.items() <= theirs.items()
    assert not where.keys() & after.keys()


def test_library_logs_come_in_the_same_shape_with_their_arguments_and_extras() -> None:
    stream = _configured()
    logging.getLogger("aiokafka.consumer").warning("lost %s", "broker-1", extra={"node": 1})

    (line,) = _lines(stream)
    assert line["event"] == "lost broker-1"
    assert (line["level"], line["logger"], line["node"]) == ("warning", "aiokafka.consumer", 1)


@pytest.mark.parametrize("library", ["aiokafka.conn", "faust", "mode.services", "neo4j.pool", "aiohttp.access"])
@pytest.mark.parametrize("level", [LogLevel.DEBUG, LogLevel.INFO])
def test_chatty_libraries_are_heard_from_warning_only(library: str, level: LogLevel) -> None:
    stream = _configured(level=level)
    logging.getLogger(library).info("hello")
    logging.getLogger(library).warning("mind this")

    assert [line["event"] for line in _lines(stream)] == ["mind this"]


def test_the_level_holds_for_our_own_and_for_library_loggers() -> None:
    stream = _configured(level=LogLevel.ERROR)
    get_logger("workers").warning("quiet")
    logging.getLogger("aiokafka").warning("quiet")
    get_logger("workers").error("loud")

    assert [line["event"] for line in _lines(stream)] == ["loud"]


def test_a_logger_made_before_configuration_follows_it() -> None:
    early = get_logger("workers.early")
    stream = _configured()
    early.info("after all")

    assert [line["event"] for line in _lines(stream)] == ["after all"]


def test_configuring_twice_does_not_double_the_lines() -> None:
    first = _configured()
    second = _configured()
    get_logger("workers").info("once")

    assert first.getvalue() == ""
    assert len(_lines(second)) == 1


def test_pythons_warnings_are_log_lines() -> None:
    stream = _configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old ways", UserWarning, stacklevel=1)

    assert "old ways" in _lines(stream)[0]["event"]


def test_a_terminal_gets_colours_and_a_file_does_not() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    configure_logging(LogSettings(format=LogFormat.CONSOLE), terminal)
    get_logger("workers").info("batch written", rows=7)
    plain = _configured(LogFormat.CONSOLE)
    get_logger("workers").info("batch written", rows=7)

    assert "\x1b[" in terminal.getvalue()
    assert "\x1b[" not in plain.getvalue()
    assert "rows=7" in plain.getvalue()


def test_an_exception_is_one_json_line_with_its_traceback_and_no_local_variables() -> None:
    def fail(words: str) -> None:
        raise ValueError(f"{len(words)} characters")

    stream = _configured()
    words = "THE VERY WORDS"
    try:
        fail(words.lower())
    except ValueError:
        get_logger("workers").exception("failed")

    (line,) = _lines(stream)
    assert "ValueError: 14 characters" in line["exception"]
    assert words.lower() not in stream.getvalue()
