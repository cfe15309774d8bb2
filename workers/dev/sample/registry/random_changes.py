"""Random changes of made-up models, by seed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from workers.dev.sample.registry.change import Change, Kind

START = datetime(2025, 1, 1, tzinfo=UTC)
LONGEST_STEP_SECONDS = 3_600
CAPABILITIES = ("chat", "vision", "tools", "structured_output")
DAYS = 28
MOSTLY = (True, True, True, True, False)


class _Maker:
    """Makes one change after another; ``now`` only rises, and so does each model's ``effective_from``."""

    def __init__(self, random: Random, models: int, prefix: str) -> None:
        self._random = random
        self._ids = [f"{prefix}{number:03d}" for number in range(models)]
        self._now = START

    def next(self) -> Change:
        self._now += timedelta(seconds=self._random.randint(1, LONGEST_STEP_SECONDS))
        make = self._random.choices([each for each, _ in WEIGHTED], weights=[weight for _, weight in WEIGHTED])[0]
        return make(self, self._random.choice(self._ids))

    def model(self, model_id: str) -> Change:
        metadata = {"name": model_id.replace("-", " ").title(), "aliases": [f"{model_id}-latest"]}
        columns = {
            "model_id": model_id,
            "provider": "sample",
            "context_window": self._random.choice([8_192, 128_000, 1_000_000]),
            "training_cutoff": self._now.date() - timedelta(days=self._random.randint(90, 400)),
            "deprecated": False,
            "metadata": metadata,
        }
        return Change(Kind.MODEL, {**columns, **self._terms()})

    def price(self, model_id: str) -> Change:
        return Change(Kind.PRICE, {"model_id": model_id, **self._terms()})

    def deprecate(self, model_id: str) -> Change:
        return Change(Kind.DEPRECATE, {"model_id": model_id, "deprecated": self._random.choice(MOSTLY)})

    def delete(self, model_id: str) -> Change:
        return Change(Kind.DELETE, {"model_id": model_id})

    def version(self, model_id: str) -> Change:
        released = {"version": self._version(), "released_at": self._now, "changelog": "Faster and cheaper."}
        return Change(Kind.VERSION, {"model_id": model_id, **released})

    def capability(self, model_id: str) -> Change:
        return Change(Kind.CAPABILITY, {"model_id": model_id, "capability": self._random.choice(CAPABILITIES)})

    def no_capability(self, model_id: str) -> Change:
        return Change(Kind.NO_CAPABILITY, {"model_id": model_id, "capability": self._random.choice(CAPABILITIES)})

    def _terms(self) -> dict[str, Any]:
        price = Decimal(self._random.randint(1, 2_000)).scaleb(-5)
        cost = {"input": price, "output": 5 * price}
        if self._random.choice((True, False)):
            cost |= {"cached_input": price.scaleb(-1)}
        return {"version": self._version(), "cost_per_1k_tokens": cost, "effective_from": self._now}

    def _version(self) -> str:
        return f"{self._now.year}-{self._now.month:02d}-{self._random.randint(1, DAYS):02d}"


WEIGHTED: tuple[tuple[Callable[[_Maker, str], Change], int], ...] = (
    (_Maker.model, 20),
    (_Maker.price, 35),
    (_Maker.capability, 15),
    (_Maker.version, 12),
    (_Maker.no_capability, 6),
    (_Maker.deprecate, 7),
    (_Maker.delete, 5),
)
"""How often each change occurs, in a hundred changes."""


def random_changes(count: int, seed: int, *, models: int = 200, prefix: str = "sample-model-") -> Iterator[Change]:
    """Yield ``count`` changes of ``models`` models; the same arguments give the same changes.

    Ids are the prefix and a number. The tables may hold any rows: a change of a missing model changes nothing.
    """
    maker = _Maker(Random(f"registry/{seed}"), models, prefix)  # noqa: S311 - sample data, reproducible by design
    for _ in range(count):
        yield maker.next()
