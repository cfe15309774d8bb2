"""The registry's price history in memory: every model with its versions, windows and prices by time.

Telemetry's names of models seldom equal the registry's ids, and several providers sell a model of one name at different
prices. ``names.meanings`` says which pairs of provider and name a call can mean, as genai-prices knows the providers.
``RegistryHistory.find`` takes the first match of, for each of these pairs,

1. the provider's model whose ``model_id`` is the name,
2. the provider's model that has the name as an alias (of several, the first by ``model_id``),
3. the provider's model that the catalogue's match rules give for the name, by id, then by alias,

and then, for each of these names,

4. any provider's model whose ``model_id`` is the name,
5. any provider's model that has the name as an alias, if there is only one: otherwise a price would be a guess.

A period is in force from its ``effective_from`` until before its ``effective_to``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from workers.core.node_key import version_id
from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS
from workers.pipelines.telemetry.prices.names import is_known, meanings, seller
from workers.pipelines.telemetry.prices.pricing import NO_PRICE, OTHER_CURRENCY, PricingTerms
from workers.pipelines.telemetry.prices.registry_price import PriceColumns, in_dollars, schedule

SOURCE = "registry"


class TermsPeriod(NamedTuple):
    """Terms in force from ``since`` until before ``until`` (epoch milliseconds; ``None`` for the last period).

    ``window`` in tokens; ``price_id`` and ``version_id`` are keys of the graph.
    """

    since: int
    until: int | None
    window: int | None
    price_id: str
    version_id: str | None
    price: PriceColumns

    def terms(self, timestamp: int, service_tier: str | None) -> PricingTerms:
        """Return the terms of a moment in the period."""
        if not in_dollars(self.price):
            return PricingTerms(None, self.window, None, None, self.version_id, OTHER_CURRENCY)
        tariff = schedule(self.price).at(timestamp, service_tier)
        if tariff is None:
            return PricingTerms(None, self.window, None, None, self.version_id, NO_PRICE)
        return PricingTerms(tariff, self.window, SOURCE, self.price_id, self.version_id)


class RegistryModel(NamedTuple):
    """A model of the registry; ``periods`` has the latest terms first."""

    model_id: str
    provider: str | None
    aliases: tuple[str, ...]
    periods: tuple[TermsPeriod, ...]


class Found(NamedTuple):
    """What a name means. ``is_own`` is false if the call's provider is another one than the model's."""

    model: RegistryModel
    is_own: bool


Rules = Callable[[str, str], str | None]
"""Returns the provider's own name of a model for any of its names; ``None`` where no rule matches."""


class RegistryHistory:
    """All models with price periods. Lookups are cached until something changes, misses included."""

    def __init__(self, rules: Rules, kept: int = MAX_PRICED_MODELS) -> None:
        self._rules = rules
        self._models: dict[str, RegistryModel] = {}
        self._own: dict[tuple[str, str], RegistryModel] = {}
        self._by_alias: dict[str, list[RegistryModel]] = {}
        self._find_cached = lru_cache(kept)(self._find)

    @property
    def prices(self) -> int:
        """Return the number of price periods of all models."""
        return sum(len(model.periods) for model in self._models.values())

    def replace(self, models: Iterable[RegistryModel]) -> None:
        """Replace all models."""
        self._models.clear()
        self.update(models)

    def update(self, models: Iterable[RegistryModel]) -> None:
        """Update these models; one without periods is removed."""
        for model in models:
            if model.periods:
                self._models[model.model_id] = model
            else:
                self._models.pop(model.model_id, None)
        in_order = [model for _, model in sorted(self._models.items())]
        self._own = {(seller(model.provider or ""), model.model_id): model for model in in_order}
        by_alias = defaultdict(list)
        for model in in_order:
            for alias in model.aliases:
                by_alias[alias].append(model)
                self._own.setdefault((seller(model.provider or ""), alias), model)
        self._by_alias = dict(by_alias)
        self._find_cached.cache_clear()

    def find(self, provider: str, name: str) -> RegistryModel | None:
        """Return the model that a name of a provider means."""
        found = self._find_cached(provider, name)
        return found.model if found else None

    def terms(self, provider: str, name: str, timestamp: int, service_tier: str | None = None) -> PricingTerms | None:
        """Return the terms in force at ``timestamp`` (epoch milliseconds), if there are any.

        Where another provider sells the model, its service tiers are not this one's.
        """
        found = self._find_cached(provider, name)
        if found is None:
            return None
        for period in found.model.periods:
            if timestamp >= period.since and period.until != period.since:
                if period.until is not None and timestamp >= period.until:
                    return None
                return period.terms(timestamp, service_tier if found.is_own else None)
        return None

    def _find(self, provider: str, name: str) -> Found | None:
        meant = meanings(provider, name)
        for sold_by, called in meant:
            if own := self._of_provider(sold_by, called):
                return Found(own, is_own=True)
        for called in dict.fromkeys((name, *(called for _, called in meant))):
            if other := self._models.get(called) or self._only_alias(called):
                return Found(other, is_own=not is_known(seller(provider)))
        return None

    def _of_provider(self, sold_by: str, name: str) -> RegistryModel | None:
        own = self._own.get((sold_by, name))
        if own is None and (rule := self._rules(sold_by, name)) is not None:
            own = self._own.get((sold_by, rule))
        return own

    def _only_alias(self, name: str) -> RegistryModel | None:
        models = self._by_alias.get(name, [])
        return models[0] if len(models) == 1 else None


def registry_model(
    model_id: str, provider: str | None, aliases: Sequence[str] | None, prices: Sequence[Any]
) -> RegistryModel:
    """Return the model of its columns; the latest price comes first."""
    return RegistryModel(model_id, provider, tuple(aliases or ()), tuple(_period(model_id, price) for price in prices))


def _period(model_id: str, price: Sequence[Any]) -> TermsPeriod:
    price_id, since, until, version, window, *columns = price
    used_version_id = None if version is None else version_id(model_id, version)
    return TermsPeriod(since, until, window, price_id, used_version_id, PriceColumns(*columns))
