"""Steps that failed: which run last in the next round, and which are not tried for a while."""

from collections import Counter
from collections.abc import Hashable

from workers.core.job import (
    AnyStep,
    AskConnector,
    AskReplication,
    Call,
    DeadLettersStep,
    Effect,
    FetchStep,
    ObjectStep,
    Publish,
    PublishSigned,
)
from workers.core.report import LogLine

FIRST_SECONDS = 60.0
LONGEST_SECONDS = 3_600.0
MAX_DOUBLINGS = 16
"""Enough to reach the longest wait."""
MAX_STEPS = 10_000
"""Steps that are remembered; above it, all are forgotten and tried again."""


class Backoff:
    """A refused step waits one minute, then twice as long each time, up to an hour. A restart forgets the waits."""

    def __init__(self) -> None:
        self._refusals: Counter[Hashable] = Counter()
        self._not_before: dict[Hashable, float] = {}
        self._failures: Counter[Hashable] = Counter()

    def refused(self, step: AnyStep, now: float) -> None:
        """Postpone a step from ``now``, seconds of a monotonic clock."""
        if len(self._refusals) >= MAX_STEPS:
            self._refusals.clear()
            self._not_before.clear()
        key = _key(step)
        seconds = min(FIRST_SECONDS * 2 ** min(self._refusals[key], MAX_DOUBLINGS), LONGEST_SECONDS)
        self._refusals[key] += 1
        self._not_before[key] = now + seconds

    def failed(self, step: AnyStep) -> None:
        """Move a step to the end of the next round: the server may work for the others."""
        self._failures[_key(step)] += 1

    def done(self, step: AnyStep) -> None:
        """Forget the failures of a step."""
        key = _key(step)
        self._refusals.pop(key, None)
        self._failures.pop(key, None)
        self._not_before.pop(key, None)

    def round_done(self) -> None:
        """Forget all failures, after a round without any."""
        self._failures.clear()

    def due(self, steps: list[AnyStep], now: float) -> list[AnyStep]:
        """Return the steps that may be tried, failed ones last."""
        due = [step for step in steps if self._not_before.get(_key(step), now) <= now]
        return sorted(due, key=lambda step: self._failures[_key(step)])


def _key(step: AnyStep) -> Hashable:
    """Identify a step by its effects without their times; a step without effects by its record."""
    if isinstance(step, FetchStep):
        return step.path
    if isinstance(step, DeadLettersStep):
        return step.topic, step.partition
    if isinstance(step, ObjectStep):
        return step.store.url, step.name
    return tuple(map(_effect_key, step.effects)) or repr(step.record)


def _effect_key(effect: Effect) -> Hashable:
    if isinstance(effect, Call):
        return effect.method, effect.path, effect.idempotency_key
    if isinstance(effect, Publish | PublishSigned):
        return effect.topic, effect.key
    if isinstance(effect, AskConnector):
        return effect.connector
    if isinstance(effect, AskReplication):
        return effect.slot
    if isinstance(effect, LogLine):
        return effect.event, repr(effect.fields)
    return effect.metric.name, effect.labels
