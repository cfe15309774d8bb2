"""The registry's price history in memory: every model with its versions, windows and prices by time.

Telemetry's names of models seldom equal the registry's ids, and several providers sell a model of one name at different
prices. So ``RegistryHistory.find`` takes the first match of:

1. the provider's model whose ``model_id`` is the name,
2. the provider's model that has the name as an alias (of several, the first by ``model_id``),
3. the provider's model that the catalogue's match rules give for the name, by id, then by alias,
4. any provider's model whose ``model_id`` is the name,
5. any provider's model that has the name as an alias, if there is only one: otherwise a price would be a guess.

A period is in force from its ``effective_from`` until before its ``effective_to``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from workers.core.node_key import version_id
from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS
from workers.pipelines.telemetry.prices.pricing import PricingTerms
from workers.pipelines.telemetry.prices.tariff import Dollars, Tariff, dollars


class TermsPeriod(NamedTuple):
    """Terms in force from ``since`` until before ``until`` (epoch milliseconds; ``None`` for the last period)."""

    since: int
    until: int | None
    terms: PricingTerms


class RegistryModel(NamedTuple):
    """A model of the registry; ``periods`` has the latest terms first."""

    model_id: str
    provider: str | None
    aliases: tuple[str, ...]
    periods: tuple[TermsPeriod, ...]


Rules = Callable[[str, str], str | None]
"""Returns the provider's own name of a model for any of its names; ``None`` where no rule matches."""


class RegistryHistory:
    """All models with price periods. Lookups are cached until something changes, misses included."""

    def __init__(self, rules: Rules, kept: int = MAX_PRICED_MODELS) -> None:
        self._rules = rules
        self._models: dict[str, RegistryModel] = {}
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
        by_alias = defaultdict(list)
        for _, model in sorted(self._models.items()):
            for alias in model.aliases:
                by_alias[alias].append(model)
        self._by_alias = dict(by_alias)
        self._find_cached.cache_clear()

    def find(self, provider: str, name: str) -> RegistryModel | None:
        """Return the model that a name of a provider means."""
        return self._find_cached(provider, name)

    def terms(self, provider: str, name: str, timestamp: int) -> PricingTerms | None:
        """Return the terms in force at ``timestamp`` (epoch milliseconds), if there are any."""
        model = self._find_cached(provider, name)
        if model is None:
            return None
        for since, until, terms in model.periods:
            if timestamp >= since:
                return terms if until is None or timestamp < until else None
        return None

    def _find(self, provider: str, name: str) -> RegistryModel | None:
        own = self._of_provider(provider, name)
        if own is None and (rule := self._rules(provider, name)) is not None:
            own = self._of_provider(provider, rule)
        return own or self._models.get(name) or self._only_alias(name)

    def _of_provider(self, provider: str, name: str) -> RegistryModel | None:
        model = self._models.get(name)
        if model is not None and model.provider == provider:
            return model
        return next((each for each in self._by_alias.get(name, ()) if each.provider == provider), None)

    def _only_alias(self, name: str) -> RegistryModel | None:
        models = self._by_alias.get(name, [])
        return models[0] if len(models) == 1 else None


TOKENS_PER_PRICE = 3
"""The registry's prices are for 1,000 tokens: three more decimal places for one token."""
SOURCE = "registry"


def registry_model(
    model_id: str, provider: str | None, aliases: Sequence[str] | None, prices: Sequence[Any]
) -> RegistryModel:
    """Return the model of its columns; the latest price comes first."""
    return RegistryModel(model_id, provider, tuple(aliases or ()), tuple(_period(model_id, price) for price in prices))


def _period(model_id: str, price: Sequence[Any]) -> TermsPeriod:
    price_id, since, until, version, window, prompt, completion, cached, reasoning = price
    tariff = _tariff(_usd(prompt), _usd(completion), _usd(cached), _usd(reasoning))
    used_version_id = None if version is None else version_id(model_id, version)
    source, used_price_id = (None, None) if tariff is None else (SOURCE, price_id)
    return TermsPeriod(since, until, PricingTerms(tariff, window, source, used_price_id, used_version_id))


def _tariff(
    prompt: Decimal | None, completion: Decimal | None, cached: Decimal | None, reasoning: Decimal | None
) -> Tariff | None:
    """Return the tariff. One of prompt and completion may have no price, as with embeddings, but not both."""
    if prompt is None and completion is None:
        return None
    per_thousand = dollars(prompt or Decimal(0), completion or Decimal(0), cached, reasoning)
    return Tariff.of([(-1, Dollars(*(usd.scaleb(-TOKENS_PER_PRICE) for usd in per_thousand)))])


def _usd(price: object) -> Decimal | None:
    """Read a price. An invalid or negative one, in a graph that was edited by hand, counts as none."""
    if price is None:
        return None
    try:
        usd = Decimal(str(price))
    except InvalidOperation:
        return None
    return usd if usd.is_finite() and usd >= 0 else None
