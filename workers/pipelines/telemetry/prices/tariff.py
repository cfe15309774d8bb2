"""Prices as whole numbers, so that costs are exact and fast."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from workers.pipelines.telemetry.usage import Usage

LEAST_PLACES = 8


class Cost(NamedTuple):
    """US dollars, as the nearest float and exact, as a decimal string with at least eight places."""

    usd: float
    exact: str


class Rates(NamedTuple):
    """Prices of one token each and of one request, in whole units of the tariff."""

    prompt: int
    completion: int
    cached: int
    cache_write: int
    cache_write_1h: int
    reasoning: int
    request: int


class Dollars(NamedTuple):
    """Prices of one token each and of one request, in US dollars."""

    prompt: Decimal
    completion: Decimal
    cached: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    reasoning: Decimal
    request: Decimal = Decimal(0)


class Tariff(NamedTuple):
    """Rates by the size of the prompt, in units of 10 ** -places US dollars.

    ``dollar`` is one dollar in these units.
    ``steps``  ``(above how many prompt tokens, rates for all tokens)``, the highest first, the last above -1.
    """

    places: int
    dollar: int
    steps: tuple[tuple[int, Rates], ...]

    @classmethod
    def of(cls, steps: Iterable[tuple[int, Dollars]]) -> "Tariff":
        """Convert dollars into units in which every price is a whole number."""
        priced = tuple(steps)
        places = max([LEAST_PLACES, *(_places(usd) for _, dollars in priced for usd in dollars)])
        return cls(
            places,
            10**places,
            tuple((above, Rates(*(int(usd.scaleb(places)) for usd in dollars))) for above, dollars in priced),
        )

    def cost(self, usage: Usage) -> Cost:
        """Return the cost. A part that is larger than the whole counts as the whole."""
        prompt, completion = usage.prompt, usage.completion
        cached, cache_write, reasoning = usage.cached, usage.cache_write, usage.reasoning
        rates = self._rates(prompt)
        units = prompt * rates.prompt + completion * rates.completion + rates.request
        if cached:
            cached = min(cached, prompt)
            units += cached * (rates.cached - rates.prompt)
        if cache_write:
            cache_write = min(cache_write, prompt - cached)
            units += cache_write * (rates.cache_write - rates.prompt)
            units += min(usage.cache_write_1h, cache_write) * (rates.cache_write_1h - rates.cache_write)
        if reasoning:
            units += min(reasoning, completion) * (rates.reasoning - rates.completion)
        places = self.places
        digits = str(units).zfill(places + 1)
        return Cost(units / self.dollar, f"{digits[:-places]}.{digits[-places:]}")

    def _rates(self, prompt: int) -> Rates:
        for above, rates in self.steps:
            if prompt > above:
                return rates
        raise ValueError(f"a prompt of {prompt} tokens: the last step is for all prompts")


def _places(usd: Decimal) -> int:
    exponent = usd.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
