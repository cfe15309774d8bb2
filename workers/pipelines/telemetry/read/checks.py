"""Checks of single values. Each raises ``Rejected`` (VALIDATE) with field, value and fix, or returns nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import inf, isfinite

from workers.core.checks import WIDEST_CHARACTER, check_size, check_unicode, reject
from workers.pipelines.telemetry.limits import (
    EARLIEST_TIMESTAMP,
    MAX_AHEAD_MS,
    MAX_LONG,
    MAX_NAME_BYTES,
    MAX_TEXT_BYTES,
)
from workers.pipelines.telemetry.options import Accept

SURELY_SMALL = MAX_NAME_BYTES // WIDEST_CHARACTER
"""A number of characters that is within the limit in any encoding."""


def check_names(fields: Sequence[str], values: Sequence[str | None]) -> None:
    """Check required ids and names, all together in the usual case."""
    if all(values):
        joined = "".join(values)  # type: ignore[arg-type]  # all() has just said that none of them is None
        if len(joined) <= MAX_NAME_BYTES and joined.isascii():
            return
    for field, value in zip(fields, values, strict=True):
        if not value:
            reject("field.missing", f"{field} is {value!r}: send each event with its {field}")
        check_name(field, value)


def check_name(field: str, value: str | None) -> None:
    """Check an optional id or name: its size, and that it is valid Unicode."""
    if value and not (len(value) <= MAX_NAME_BYTES and value.isascii()):
        check_size(field, value, MAX_NAME_BYTES)
        check_unicode(field, value)


def check_text(field: str, value: str) -> None:
    """Check a text that is stored, such as an error's message. It is not quoted, because it may contain a prompt."""
    check_size(field, value, MAX_TEXT_BYTES)
    check_unicode(field, value)


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Check the size of keys and values; only a few are stored."""
    for key, value in metadata.items():
        if len(key) > SURELY_SMALL or len(value) > SURELY_SMALL:
            check_size("metadata key", key, MAX_NAME_BYTES)
            check_size("metadata value", value, MAX_TEXT_BYTES)


def check_count(field: str, value: int | None) -> None:
    """Check an optional count."""
    if value is not None and not 0 <= value <= MAX_LONG:
        if value < 0:
            reject("number.negative", f"{field} is {value}: send a count from 0, or null where it is unknown")
        reject("number.out_of_range", f"{field} is {value}: send at most {MAX_LONG}, a signed 64-bit integer")


def check_latency(field: str, value: float | None, accept: Accept) -> None:
    """Check an optional latency in milliseconds, which may be negative as far as the options accept it."""
    if value is not None and not 0 <= value < inf:
        check_duration(field, value, accept.lowest_latency_ms)


def check_duration(field: str, value: float, lowest: float = 0.0) -> None:
    """Check a duration in milliseconds; down to ``lowest`` it may be negative."""
    if not lowest <= value < inf:
        check_finite(field, value)
        reject("number.negative", f"{field} is {value}: send milliseconds from 0; compare the clocks of the hosts")


def clamped(value: float) -> float:
    """Return a duration, or 0 for a negative one."""
    return value if value > 0 else 0.0


def check_finite(field: str, value: float) -> None:
    """Check that a float is finite."""
    if not isfinite(value):
        reject("number.not_finite", f"{field} is {value}: send a finite number; look for a division by zero")


def check_range(field: str, value: float | None, highest: float) -> None:
    """Check an optional number from 0 to ``highest``."""
    if value is not None and not 0 <= value <= highest:
        check_finite(field, value)
        reject("number.out_of_range", f"{field} is {value}: send a number from 0 to {highest:g}")


def check_timestamp(field: str, value: int, now_ms: int) -> None:
    """Check that a time in epoch milliseconds is between 2015 and one day from now."""
    if value < EARLIEST_TIMESTAMP:
        reject(
            "timestamp.too_old",
            f"{field} is {value}, before 2015-01-01T00:00:00Z ({EARLIEST_TIMESTAMP}): send milliseconds",
        )
    if value > now_ms + MAX_AHEAD_MS:
        now = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds")
        reject(
            "timestamp.in_future",
            f"{field} is {value}, more than a day after {now}: send milliseconds since the epoch, set the clock",
        )
