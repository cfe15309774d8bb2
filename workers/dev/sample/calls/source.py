"""The source of the calls: a trace file, or an imitation."""

import hashlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.imitate import imitate_trace
from workers.dev.sample.calls.replay import read_trace


class Source(NamedTuple):
    """Calls in the order of time, with a name for ids and a description."""

    calls: Iterable[Call]
    name: str
    description: str


def from_file(path: Path, count: int | None = None, end_ms: float | None = None) -> Source:
    """Replay the first ``count`` calls of a file, shifted to end at ``end_ms`` if given.

    Without ``count``, all. Without a shift, the same calls of a file always give the same records, ids included:
    replaying them again adds nothing to a graph. Another ``count`` gives another trace with other ids.
    Raises ``Misconfigured``.
    """
    calls = read_trace(path)[:count]
    shift = 0.0 if end_ms is None else end_ms - calls[-1].timestamp
    if shift:
        calls = [call._replace(timestamp=call.timestamp + shift) for call in calls]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Source(calls, f"file/{digest}/{len(calls)}/{round(shift)}", f"{len(calls):,} calls of {path.name}")


def imitated(count: int, seed: int, start_ms: float) -> Source:
    """Imitate ``count`` calls from ``start_ms`` on; equal arguments give equal records."""
    calls = imitate_trace(count, start_ms, seed)
    return Source(
        calls, f"imitation/{count}/{round(start_ms)}", f"{count:,} calls made up after the Azure trace of 2023"
    )


def length_ms(count: int, seed: int) -> float:
    """Return the time from the first to the last call that ``imitated`` would return."""
    return max((call.timestamp for call in islice(imitate_trace(count, 0.0, seed), count)), default=0.0)
