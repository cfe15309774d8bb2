"""Checks of single values. Each passes in silence, or raises ``Rejected`` (VALIDATE) with field, value and fix."""

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

SURELY_SMALL = MAX_NAME_BYTES // WIDEST_CHARACTER
"""Characters that are few enough whatever they are."""


def check_names(fields: Sequence[str], values: Sequence[str | None]) -> None:
    """Check ids and names that must be there, all at once where nothing is wrong with them."""
    if all(values):
        joined = "".join(values)  # type: ignore[arg-type]  # all() has just said that none of them is None
        if len(joined) <= MAX_NAME_BYTES and joined.isascii():
            return
    for field, value in zip(fields, values, strict=True):
        if not value:
            reject("field.missing", f"{field} is {value!r}: give each event its {field}")
        check_name(field, value)


def check_name(field: str, value: str | None) -> None:
    """Check an id or a name that may be missing: of a size that can be a key, and text that can be stored."""
    if value and not (len(value) <= MAX_NAME_BYTES and value.isascii()):
        check_size(field, value, MAX_NAME_BYTES)
        check_unicode(field, value)


def check_text(field: str, value: str) -> None:
    """Check a text that is stored, such as an error's message. It is not quoted: it may repeat a prompt."""
    check_size(field, value, MAX_TEXT_BYTES)
    check_unicode(field, value)


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Check that keys and values are of a size to be carried about; few are stored."""
    for key, value in metadata.items():
        if len(key) > SURELY_SMALL or len(value) > SURELY_SMALL:
            check_size("metadata key", key, MAX_NAME_BYTES)
            check_size("metadata value", value, MAX_TEXT_BYTES)


def check_count(field: str, value: int | None) -> None:
    """Check a number of things, where it is known."""
    if value is not None and not 0 <= value <= MAX_LONG:
        if value < 0:
            reject("number.negative", f"{field} is {value}: send a count from 0, or null where it is unknown")
        reject("number.out_of_range", f"{field} is {value}: send at most {MAX_LONG}, a signed 64-bit integer")


def check_duration(field: str, value: float | None) -> None:
    """Check a duration in milliseconds, where it is known."""
    if value is not None and not 0 <= value < inf:
        check_finite(field, value)
        reject("number.negative", f"{field} is {value}: send milliseconds from 0; check the order of the clocks read")


def check_finite(field: str, value: float) -> None:
    """Check that it is a number at all."""
    if not isfinite(value):
        reject("number.not_finite", f"{field} is {value}: send a finite number; is something divided by zero?")


def check_range(field: str, value: float | None, highest: float) -> None:
    """Check a share or a percentile: from 0 to ``highest``, where it is known."""
    if value is not None and not 0 <= value <= highest:
        check_finite(field, value)
        reject("number.out_of_range", f"{field} is {value}: send a number from 0 to {highest:g}")


def check_timestamp(field: str, value: int, now_ms: int) -> None:
    """Check a time in epoch milliseconds against the age of the trade and the clock."""
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
