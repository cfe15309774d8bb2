"""Read a public trace: a CSV file with one call to a model per line.

The header line decides between two layouts; the order of columns is free, other columns are ignored:

``TIMESTAMP,ContextTokens,GeneratedTokens``
    The Azure LLM inference traces of 2023 and 2024, https://github.com/Azure/AzurePublicDataset (CC-BY 4.0),
    described in "Splitwise: Efficient Generative LLM Inference Using Phase Splitting", ISCA 2024.
``timestamp,prompt_tokens,completion_tokens[,model_id][,provider][,latency_ms][,session_id]``
    Your own data. Columns in brackets may be missing, or empty in a line: their values are then made up.

Timestamps are ISO 8601, in UTC unless they say otherwise, or milliseconds since the epoch.
"""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from workers.core.errors import Misconfigured
from workers.dev.sample.calls.call import Call

AZURE_COLUMNS = {"TIMESTAMP": "timestamp", "ContextTokens": "prompt_tokens", "GeneratedTokens": "completion_tokens"}
REQUIRED_COLUMNS = frozenset(AZURE_COLUMNS.values())

T = TypeVar("T")


def read_trace(path: Path) -> list[Call]:
    """Return every call of the file, one per line, in the order of time.

    Raises ``Misconfigured`` with the line, the value and the fix.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            _check_columns(path, rows.fieldnames or ())
            calls = [_call_of(row, f"{path}, line {rows.line_num}") for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Misconfigured(f"{path} cannot be read as CSV: {error}; give --from a file of UTF-8 text.") from error
    if not calls:
        raise Misconfigured(f"{path} has no calls: it needs a line per call below its header.")
    return sorted(calls, key=lambda call: call.timestamp)


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    missing = REQUIRED_COLUMNS - {AZURE_COLUMNS.get(column, column) for column in columns}
    if missing:
        raise Misconfigured(
            f"{path} lacks the column {', '.join(sorted(missing))}; its first line must be "
            "TIMESTAMP,ContextTokens,GeneratedTokens or timestamp,prompt_tokens,completion_tokens[,…]."
        )


def _call_of(row: Mapping[str, str | None], where: str) -> Call:
    named = {AZURE_COLUMNS.get(column, column): value for column, value in row.items()}

    def take(column: str, read: Callable[[str], T]) -> T:
        text = named.get(column) or ""
        try:
            return read(text.strip())
        except ValueError:
            raise Misconfigured(f"{where}: {column} is {text!r}, {_EXPECTED[column]}.") from None

    return Call(
        timestamp=take("timestamp", _milliseconds),
        prompt_tokens=take("prompt_tokens", _tokens),
        completion_tokens=take("completion_tokens", _tokens),
        model_id=take("model_id", _text),
        provider=take("provider", _text),
        latency_ms=take("latency_ms", _duration),
        session_id=take("session_id", _text),
    )


_EXPECTED = {
    "timestamp": "not a time in ISO 8601 nor milliseconds since the epoch",
    "prompt_tokens": "not a whole number from 0 up",
    "completion_tokens": "not a whole number from 0 up",
    "latency_ms": "not a number of milliseconds from 0 up",
}


def _milliseconds(text: str) -> float:
    if text.isdecimal():
        return float(text)
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000


def _tokens(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _duration(text: str) -> float | None:
    if not text:
        return None
    duration = float(text)
    if not (math.isfinite(duration) and duration >= 0):
        raise ValueError(text)
    return duration


def _text(text: str) -> str | None:
    return text or None
