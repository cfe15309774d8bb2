"""The registry's history, in memory: every model with its versions, windows and prices by time. Pure, no I/O.

Which model a name means, ``known``: telemetry's names seldom equal the registry's ids, several sellers have a model
of one name at prices of their own, so the seller's own model comes before everybody else's:

1. the provider's model whose ``model_id`` is the name, 2. whose aliases have it (of several the first by
``model_id``), 3. that the catalogue's match rules for this provider lead to, by id, then by alias;
4. anybody's model whose ``model_id`` is the name, 5. whose aliases have it, if it is the only one: of several
sellers' a price would be a guess.

Which of its terms: those in force at the time, ``effective_from`` included, ``effective_to`` not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from workers.pipelines.telemetry.enrich import Terms
from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS


class Held(NamedTuple):
    """Terms and when they hold: from ``since`` until before ``until`` (epoch ms; ``None``: until further notice)."""

    since: int
    until: int | None
    terms: Terms


class KnownModel(NamedTuple):
    """A model of the registry; ``held`` has the latest terms first."""

    model_id: str
    provider: str | None
    aliases: tuple[str, ...]
    held: tuple[Held, ...]


Rules = Callable[[str, str], str | None]
"""What a provider calls the model that it sells under some name; ``None`` for none."""


class History:
    """All models that have terms. Lookups are kept until something changes, misses included."""

    def __init__(self, rules: Rules, kept: int = MAX_PRICED_MODELS) -> None:
        self._rules = rules
        self._models: dict[str, KnownModel] = {}
        self._by_alias: dict[str, list[KnownModel]] = {}
        self._known = lru_cache(kept)(self._find)

    @property
    def prices(self) -> int:
        """How many terms there are, of all models."""
        return sum(len(model.held) for model in self._models.values())

    def replace(self, models: Iterable[KnownModel]) -> None:
        """Know these models and no others."""
        self._models.clear()
        self.update(models)

    def update(self, models: Iterable[KnownModel]) -> None:
        """Know each of these models as it is here; one without terms is forgotten."""
        for model in models:
            if model.held:
                self._models[model.model_id] = model
            else:
                self._models.pop(model.model_id, None)
        by_alias = defaultdict(list)
        for _, model in sorted(self._models.items()):
            for alias in model.aliases:
                by_alias[alias].append(model)
        self._by_alias = dict(by_alias)
        self._known.cache_clear()

    def known(self, provider: str, name: str) -> KnownModel | None:
        """Return the model that ``provider`` means by ``name``."""
        return self._known(provider, name)

    def terms(self, provider: str, name: str, timestamp: int) -> Terms | None:
        """Return the terms in force at ``timestamp`` (epoch milliseconds), where the registry knew the model then."""
        model = self._known(provider, name)
        if model is None:
            return None
        for since, until, terms in model.held:
            if timestamp >= since:
                return terms if until is None or timestamp < until else None
        return None

    def _find(self, provider: str, name: str) -> KnownModel | None:
        own = self._own(provider, name)
        if own is None and (rule := self._rules(provider, name)) is not None:
            own = self._own(provider, rule)
        return own or self._models.get(name) or self._only(name)

    def _own(self, provider: str, name: str) -> KnownModel | None:
        model = self._models.get(name)
        if model is not None and model.provider == provider:
            return model
        return next((each for each in self._by_alias.get(name, ()) if each.provider == provider), None)

    def _only(self, name: str) -> KnownModel | None:
        bearers = self._by_alias.get(name, [])
        return bearers[0] if len(bearers) == 1 else None
