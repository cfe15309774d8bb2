"""Steps that did not get through: which go last in the next round, and which are not to be tried for a while."""

from collections import Counter
from collections.abc import Hashable
from typing import TypeAlias

from workers.core.job import Call, Effect, FetchSchema, Publish, Step

Work: TypeAlias = Step | FetchSchema

FIRST_SECONDS = 60.0
LONGEST_SECONDS = 3_600.0
MOST_DOUBLINGS = 16
"""Enough to come to the longest wait."""
MOST_REMEMBERED = 10_000
"""Steps; where there are more, all are tried anew."""


class Backoff:
    """A refused step waits for a minute, twice as long each time, an hour at most. In memory: a restart tries anew."""

    def __init__(self) -> None:
        self._refusals: Counter[Hashable] = Counter()
        self._not_before: dict[Hashable, float] = {}
        self._failures: Counter[Hashable] = Counter()

    def refused(self, step: Work, now: float) -> None:
        """Put it off from ``now``, seconds of a monotonic clock."""
        if len(self._refusals) >= MOST_REMEMBERED:
            self._refusals.clear()
            self._not_before.clear()
        key = _key(step)
        seconds = min(FIRST_SECONDS * 2 ** min(self._refusals[key], MOST_DOUBLINGS), LONGEST_SECONDS)
        self._refusals[key] += 1
        self._not_before[key] = now + seconds

    def failed(self, step: Work) -> None:
        """Let it go last: perhaps the server is well but for this one."""
        self._failures[_key(step)] += 1

    def done(self, step: Work) -> None:
        """Forget it."""
        key = _key(step)
        self._refusals.pop(key, None)
        self._failures.pop(key, None)
        self._not_before.pop(key, None)

    def settled(self) -> None:
        """Forget what failed: a whole round went through."""
        self._failures.clear()

    def due(self, steps: list[Work], now: float) -> list[Work]:
        """Return those that may be tried, those that have failed last."""
        may = [step for step in steps if self._not_before.get(_key(step), now) <= now]
        return sorted(may, key=lambda step: self._failures[_key(step)])


def _key(step: Work) -> Hashable:
    """Name the step by what it does, whatever else it tells by the clock; one without effects by its record."""
    if isinstance(step, FetchSchema):
        return step.schema_id, step.version
    return tuple(map(_name, step.effects)) or repr(step.record)


def _name(effect: Effect) -> Hashable:
    if isinstance(effect, Call):
        return effect.method, effect.path, effect.idempotency_key
    if isinstance(effect, Publish):
        return effect.topic, effect.key
    return type(effect).__name__
