"""The registry's price history in memory: every model with its versions, windows and prices by time.

Telemetry's names of models seldom equal the registry's ids, and several providers sell a model of one name at different
prices. ``names.meanings`` says which pairs of provider and name a call can mean, as genai-prices knows the providers.
``RegistryHistory.find`` takes the first match of, for each of these pairs,

1. the provider's model whose ``model_id`` is the name,
2. the provider's model that has the name as an alias (of several, the first by ``model_id``),
3. the provider's model that the catalogue's match rules give for the name, by id, then by alias,

and then, for each of these names, and for what the match rules give for them,

4. any provider's model whose ``model_id`` is the name,
5. any provider's model that has the name as an alias, if there is only one: otherwise a price would be a guess.

Aliases are those of the time of the call. While no model has the alias, that of the model that gets it next counts: a
call may come before the registry knows its model.

A period is in force from its ``effective_from`` until before its ``effective_to``.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any, NamedTuple, TypeVar

import orjson

from workers.core.node_key import version_id
from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS
from workers.pipelines.telemetry.prices.meaning import ALWAYS, LATEST, Meaning, Period
from workers.pipelines.telemetry.prices.names import is_known, meanings, seller
from workers.pipelines.telemetry.prices.pricing import NO_PRICE, OTHER_CURRENCY, PricingTerms
from workers.pipelines.telemetry.prices.registry_price import PriceColumns, in_dollars, schedule

SOURCE = "registry"

KeyT = TypeVar("KeyT")


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
    """A model of the registry; ``periods`` has the latest terms first.

    ``alias_history``  the aliases that it has had, each list with its first millisecond, in the order of time; empty
                       where ``aliases`` have never changed
    """

    model_id: str
    provider: str | None
    aliases: tuple[str, ...]
    periods: tuple[TermsPeriod, ...]
    alias_history: tuple[tuple[int, tuple[str, ...]], ...] = ()


class Bearer(NamedTuple):
    """A model that has an alias from ``since`` until before ``until``, epoch milliseconds; ``None`` for ever."""

    model: RegistryModel
    since: int
    until: int | None


class Moment:
    """A time at which names are looked up; ``until`` is when the first of these aliases gets or loses a model."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.until: int | None = None

    def bearers(self, known: Sequence[Bearer]) -> list[RegistryModel]:
        """Return those in force, by ``model_id``; without any, those that are in force next."""
        for bearer in known:
            for edge in (bearer.since, bearer.until):
                if edge is not None and edge > self.at and (self.until is None or edge < self.until):
                    self.until = edge
        found = [each for each in known if each.since <= self.at and (each.until is None or self.at < each.until)]
        if not found:
            later = [each for each in known if each.since > self.at]
            first = min((each.since for each in later), default=None)
            found = [each for each in later if each.since == first]
        return [each.model for each in found]


class Found(NamedTuple):
    """What a name means. ``is_own`` is false if the call's provider is another one than the model's."""

    model: RegistryModel
    is_own: bool


class Sought:
    """What a name means from each of some times on, the first of them the beginning of time."""

    def __init__(self, name: str, found: Sequence[tuple[int, Found | None]]) -> None:
        self._starts, self._found = zip(*found, strict=True)
        periods: list[Period] = []
        for since, each in found:
            model_id = each.model.model_id if each else None
            if not periods or periods[-1].model_id != model_id:
                periods.append(Period(since, model_id))
        self.meaning = Meaning(name, periods)

    def at(self, timestamp: int) -> Found | None:
        """Return what is meant at a time, epoch milliseconds."""
        found: Found | None = self._found[max(bisect_right(self._starts, timestamp) - 1, 0)]
        return found


Rules = Callable[[str, str], str | None]
"""Returns the provider's own name of a model for any of its names; ``None`` where no rule matches."""


class RegistryHistory:
    """All models with price periods. Lookups are cached until something changes, misses included."""

    def __init__(self, rules: Rules, kept: int = MAX_PRICED_MODELS) -> None:
        self._rules = rules
        self._models: dict[str, RegistryModel] = {}
        self._prices = 0
        self._own: dict[tuple[str, str], RegistryModel] = {}
        self._own_by_alias: dict[tuple[str, str], list[Bearer]] = {}
        self._by_alias: dict[str, list[Bearer]] = {}
        self._sought = lru_cache(kept)(self._seek)

    @property
    def prices(self) -> int:
        """Return the number of price periods of all models."""
        return self._prices

    def replace(self, models: Iterable[RegistryModel]) -> None:
        """Replace all models."""
        for index in (self._models, self._own, self._own_by_alias, self._by_alias):
            index.clear()
        self._prices = 0
        self.update(models)

    def update(self, models: Iterable[RegistryModel]) -> None:
        """Update these models; one without periods is removed. The others are not looked at."""
        for model in models:
            self._remove(model.model_id)
            if model.periods:
                self._add(model)
        self._sought.cache_clear()

    def _remove(self, model_id: str) -> None:
        model = self._models.pop(model_id, None)
        if model is None:
            return
        self._prices -= len(model.periods)
        sold_by = seller(model.provider or "")
        del self._own[sold_by, model_id]
        for alias in {alias for alias, _, _ in _aliases_by_time(model)}:
            _remove_bearer(self._by_alias, alias, model_id)
            _remove_bearer(self._own_by_alias, (sold_by, alias), model_id)

    def _add(self, model: RegistryModel) -> None:
        self._models[model.model_id] = model
        self._prices += len(model.periods)
        sold_by = seller(model.provider or "")
        self._own[sold_by, model.model_id] = model
        for alias, since, until in _aliases_by_time(model):
            bearer = Bearer(model, since, until)
            insort(self._by_alias.setdefault(alias, []), bearer, key=_model_id)
            insort(self._own_by_alias.setdefault((sold_by, alias), []), bearer, key=_model_id)

    def meaning(self, provider: str, name: str) -> Meaning:
        """Return the models that a name of a provider means, by time."""
        return self._sought(provider, name).meaning

    def find(self, provider: str, name: str, timestamp: int = LATEST) -> RegistryModel | None:
        """Return the model that a name of a provider means at ``timestamp``, epoch milliseconds."""
        found = self._sought(provider, name).at(timestamp)
        return found.model if found else None

    def terms(self, provider: str, name: str, timestamp: int, service_tier: str | None = None) -> PricingTerms | None:
        """Return the terms in force at ``timestamp`` (epoch milliseconds), if there are any.

        Where another provider sells the model, its service tiers are not this one's.
        """
        found = self._sought(provider, name).at(timestamp)
        if found is None:
            return None
        for period in found.model.periods:
            if timestamp >= period.since and period.until != period.since:
                if period.until is not None and timestamp >= period.until:
                    return None
                return period.terms(timestamp, service_tier if found.is_own else None)
        return None

    def _seek(self, provider: str, name: str) -> Sought:
        found: list[tuple[int, Found | None]] = []
        at: int | None = ALWAYS
        while at is not None:
            moment = Moment(at)
            found.append((at, self._find(provider, name, moment)))
            at = moment.until
        return Sought(name, found)

    def _find(self, provider: str, name: str, moment: Moment) -> Found | None:
        meant = meanings(provider, name)
        for sold_by, called in meant:
            if own := self._of_provider(sold_by, called, moment):
                return Found(own, is_own=True)
        for called in self._called_by_anybody(name, meant):
            if other := self._models.get(called) or self._only_alias(called, moment):
                return Found(other, is_own=not is_known(seller(provider)))
        return None

    def _called_by_anybody(self, name: str, meant: Sequence[tuple[str, str]]) -> list[str]:
        """Return the names, then what they are by the catalogue's rules: Azure has OpenAI's models by their names."""
        ruled = (self._rules(*each) for each in meant)
        return list(dict.fromkeys((name, *(called for _, called in meant), *filter(None, ruled))))

    def _of_provider(self, sold_by: str, name: str, moment: Moment) -> RegistryModel | None:
        own = self._named_by(sold_by, name, moment)
        if own is None and (rule := self._rules(sold_by, name)) is not None:
            own = self._named_by(sold_by, rule, moment)
        return own

    def _named_by(self, sold_by: str, name: str, moment: Moment) -> RegistryModel | None:
        own = self._own.get((sold_by, name))
        return own or next(iter(moment.bearers(self._own_by_alias.get((sold_by, name), ()))), None)

    def _only_alias(self, name: str, moment: Moment) -> RegistryModel | None:
        models = moment.bearers(self._by_alias.get(name, ()))
        return models[0] if len(models) == 1 else None


def _model_id(bearer: Bearer) -> str:
    return bearer.model.model_id


def _remove_bearer(index: dict[KeyT, list[Bearer]], key: KeyT, model_id: str) -> None:
    index[key] = [each for each in index[key] if each.model.model_id != model_id]
    if not index[key]:
        del index[key]


def _aliases_by_time(model: RegistryModel) -> Iterator[tuple[str, int, int | None]]:
    """Yield each alias of a model with the time from which, and until before which, it has it."""
    history = model.alias_history or ((model.periods[-1].since, model.aliases),)
    for (since, aliases), following in zip_longest(history, history[1:]):
        for alias in aliases:
            yield alias, since, following[0] if following else None


def registry_model(
    model_id: str,
    provider: str | None,
    aliases: Sequence[str] | None,
    prices: Sequence[Any],
    alias_history: str | None = None,
) -> RegistryModel:
    """Return the model of its columns; the latest price comes first, ``alias_history`` is JSON."""
    history = tuple((since, tuple(names)) for since, names in orjson.loads(alias_history or "[]"))
    periods = tuple(_period(model_id, price) for price in prices)
    return RegistryModel(model_id, provider, tuple(aliases or ()), periods, history)


def _period(model_id: str, price: Sequence[Any]) -> TermsPeriod:
    price_id, since, until, version, window, *columns = price
    used_version_id = None if version is None else version_id(model_id, version)
    return TermsPeriod(since, until, window, price_id, used_version_id, PriceColumns(*columns))
