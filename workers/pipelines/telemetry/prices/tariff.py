"""Prices as whole numbers, so that costs are exact and fast."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

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
    reasoning: int
    request: int


class Dollars(NamedTuple):
    """Prices of one token each and of one request, in US dollars."""

    prompt: Decimal
    completion: Decimal
    cached: Decimal
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

    def cost(self, prompt: int, completion: int, cached: int, reasoning: int) -> Cost:
        """Return the cost. ``cached`` is part of ``prompt``, ``reasoning`` of ``completion``, at their own rates."""
        rates = self._rates(prompt)
        units = prompt * rates.prompt + completion * rates.completion + rates.request
        if cached:
            units += min(cached, prompt) * (rates.cached - rates.prompt)
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


def dollars(prompt: Decimal, completion: Decimal, cached: Decimal | None, reasoning: Decimal | None) -> Dollars:
    """Complete prices: without a price of their own, cached tokens cost as prompt tokens, reasoning as completion."""
    return Dollars(
        prompt, completion, prompt if cached is None else cached, completion if reasoning is None else reasoning
    )


def _places(usd: Decimal) -> int:
    exponent = usd.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
