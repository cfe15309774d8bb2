"""What a name of a model means: a registered Model, at some times another one, or nothing but itself."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

ALWAYS = 0
"""The beginning of the first period, epoch milliseconds."""
LATEST = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z in epoch milliseconds."""


class Period(NamedTuple):
    """From ``since`` (epoch milliseconds) until the next period; ``model_id`` is ``None`` where no model is meant."""

    since: int
    model_id: str | None


class Meaning:
    """The periods of a name of a provider, the first one from the beginning of time."""

    def __init__(self, name: str, periods: Sequence[Period]) -> None:
        self.name = name
        self.periods = tuple(periods)
        self.is_open = any(period.model_id is None for period in periods)
        self._starts = [period.since for period in periods]
        self._at = [name if period.model_id is None else period.model_id for period in periods]

    def used_model(self, timestamp: int) -> str:
        """Return the model_id of the Model that a call at ``timestamp`` uses; without any it is the name itself."""
        if len(self._at) == 1:
            return self._at[0]
        return self._at[max(bisect_right(self._starts, timestamp) - 1, 0)]

    @property
    def latest(self) -> str:
        """Return the model_id of the Model that a call of the last period uses."""
        return self.used_model(LATEST)

    @cached_property
    def text(self) -> str:
        """Return the periods as JSON: equal texts are equal meanings."""
        return json.dumps(self.periods, separators=(",", ":"))

    @cached_property
    def used_models(self) -> tuple[str, ...]:
        """Return the model_ids of all periods, sorted."""
        return tuple(sorted(set(self._at)))


class NameBook(Protocol):
    """Looks up names of models in memory."""

    def meaning(self, provider: str, model_id: str) -> Meaning:
        """Return the Models that a name of a provider means, by time."""
        ...

    def used_model(self, provider: str, model_id: str, timestamp: int) -> str:
        """Return the model_id of the Model that a call at ``timestamp`` uses."""
        ...
