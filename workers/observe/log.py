"""Structured logs: JSON lines in a pod, coloured lines on a terminal, also for the logs of libraries.

Bind what a line is about with ``structlog.contextvars.bound_contextvars(worker=…, topic=…, partition=…)`` around the
work: every line that is logged inside it has these keys. Spans bind their ``trace_id`` and ``span_id`` so; a line about
one record names the record's own (``workers.observe.tracing.ids_of``).
"""

import logging
import sys
from typing import IO, Any

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from workers.config.settings import LogFormat, LogLevel, LogSettings
from workers.observe.redact import redact
from workers.observe.repeats import RepeatsLimit

NOISY = (
    "aiohttp",
    "aiokafka",
    "asyncio",
    "faust",
    "httpx2",
    "kafka",
    "librdkafka",
    "mode",
    "neo4j",
    "opentelemetry",
    "rocksdict",
    "urllib3",
)
"""Libraries whose INFO lines do not help an operator: they log from WARNING, and the same line only now and then."""


def configure_logging(settings: LogSettings, stream: IO[str] | None = None) -> None:
    """Send all logs of this process to ``stream`` (standard error) in the format asked for; replaces earlier calls."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers are made at import, before this runs, and tests run it again
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings, handler)],
        )
    )
    handler.addFilter(RepeatsLimit(NOISY))
    logging.basicConfig(handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    set_level(settings.level)


def set_level(level: LogLevel) -> None:
    """Log from this level on, in all loggers that there are."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level.value))
    logging.getLogger().setLevel(level.value)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.value)))


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger; it may be made at import time, long before logging is configured."""
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def _rendering(settings: LogSettings, handler: "logging.StreamHandler[Any]") -> list[Processor]:
    # Never a traceback renderer that shows local variables: they hold records, and records hold prompts.
    if settings.format is LogFormat.JSON:
        return [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(_dump)]
    colours = bool(getattr(handler.stream, "isatty", lambda: False)())
    return [
        structlog.processors.format_exc_info,
        redact,
        structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback),
    ]


def _dump(event: EventDict, **_structlog_options: object) -> str:
    first = {key: event[key] for key in ("timestamp", "level", "logger", "event") if key in event}
    return orjson.dumps({**first, **event}, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
