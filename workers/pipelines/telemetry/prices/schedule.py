"""When which tariff of a model holds: by date, by the time of the day (UTC), and by service tier."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    TimeOfDateConstraint,
)

from workers.pipelines.telemetry.prices.arithmetic import tariff_of
from workers.pipelines.telemetry.prices.tariff import Tariff

DAY_MS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIER_KEYS = ("processing", "service_tier", "speed")
"""What genai-prices calls a service tier, provider by provider: batch is a way of processing, fast may be a speed."""


HeldT = TypeVar("HeldT")
OtherT = TypeVar("OtherT")


class TimeOfDay(NamedTuple, Generic[HeldT]):
    """What holds from a time of the day on, in milliseconds: for the standard service tier, and for other ones."""

    since: int
    standard: HeldT
    tiers: Mapping[str, HeldT]


class Schedule(NamedTuple, Generic[HeldT]):
    """What holds from each date on: tariffs, or terms. ``starts`` are epoch milliseconds, in ascending order."""

    starts: tuple[int, ...]
    days: tuple[tuple[TimeOfDay[HeldT], ...], ...]

    def at(self, timestamp: int, service_tier: str | None) -> HeldT:
        """Return what is in force at ``timestamp`` (epoch milliseconds).

        A service tier without prices of its own costs what the standard one costs.
        """
        day = self.days[bisect_right(self.starts, timestamp) - 1]
        hours = day[0]
        if len(day) > 1:
            hours = day[bisect_right(day, timestamp % DAY_MS, key=_since) - 1]
        if service_tier is None or not hours.tiers:
            return hours.standard
        return hours.tiers.get(service_tier.strip().lower(), hours.standard)

    def replaced(self, by: Callable[[HeldT], OtherT]) -> "Schedule[OtherT]":
        """Return the schedule of what ``by`` makes of each."""
        days = (
            tuple(
                TimeOfDay(since, by(standard), {tier: by(held) for tier, held in tiers.items()})
                for since, standard, tiers in day
            )
            for day in self.days
        )
        return Schedule(self.starts, tuple(days))


Tariffs = Schedule[Tariff | None]
NO_PRICES: Tariffs = Schedule((0,), ((TimeOfDay(0, None, {}),),))


def schedule_of(model: ModelInfo) -> Tariffs:
    """Return the schedule of a model's prices: genai-prices says for each moment which of them hold."""
    conditions = [each.constraint for each in (*_conditional(model), *(model.price_variants or ()))]
    starts = sorted({0} | {_date(each) for each in conditions if isinstance(each, StartDateConstraint)})
    bounds = sorted(
        {0} | set(chain.from_iterable(_hours(each) for each in conditions if isinstance(each, TimeOfDateConstraint)))
    )
    tiers = sorted(set(chain.from_iterable(map(_tiers, model.price_variants or ()))))
    days = tuple(tuple(_time_of_day(model, start, since, tiers) for since in bounds) for start in starts)
    return Schedule(tuple(starts), days)


def _time_of_day(model: ModelInfo, start: int, since: int, tiers: Iterable[str]) -> TimeOfDay[Tariff | None]:
    at = EPOCH + timedelta(milliseconds=start + since)
    special = {tier: tariff_of(model.get_prices(at, dict.fromkeys(TIER_KEYS, tier))) for tier in tiers}
    return TimeOfDay(since, tariff_of(model.get_prices(at)), special)


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    return [] if isinstance(model.prices, ModelPrice) else model.prices


def _tiers(variant: PriceVariant) -> Iterable[str]:
    return (value for key, value in variant.when.items() if key in TIER_KEYS)


def _date(condition: StartDateConstraint) -> int:
    return int(datetime.combine(condition.start_date, time(), UTC).timestamp() * 1000)


def _hours(condition: TimeOfDateConstraint) -> tuple[int, int]:
    return _of_day(condition.start_time), _of_day(condition.end_time)


def _of_day(at: time) -> int:
    """Return the UTC time of the day in milliseconds; a time without zone is UTC."""
    utc = datetime.combine(datetime(2000, 1, 1, tzinfo=UTC), at, at.tzinfo or UTC)
    return int(utc.timestamp() * 1000) % DAY_MS


def _since(hours: TimeOfDay[HeldT]) -> int:
    return hours.since
