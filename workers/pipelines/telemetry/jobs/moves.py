"""Calls and metrics at a Model that their name does not mean at their time, and the steps that move them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from workers.core.job import Step
from workers.core.reference import Query
from workers.pipelines.telemetry.jobs.queries import CALLS_MOVED, METRICS_MOVED
from workers.pipelines.telemetry.prices.meaning import LATEST, Meaning
from workers.pipelines.telemetry.prices.pricing import CatalogueEntry

KEYS_OF_STEP = 1_000
"""The relationships that one transaction moves."""


def moves(name: Mapping[str, Any], meaning: Meaning) -> Iterator[dict[str, Any]]:
    """Yield where calls of a name may be, and may not: a Model, a period, and the Model that is meant in it."""
    for period, following in zip_longest(meaning.periods, meaning.periods[1:]):
        target = meaning.used_model(period.since)
        for source in name["model_ids"]:
            if source != target:
                yield {
                    "id": name["id"],
                    "provider": name["provider"],
                    "name": name["name"],
                    "source": source,
                    "target": target,
                    "since": period.since,
                    "until": following.since if following else LATEST,
                }


def move_steps(move: Mapping[str, Any], found: Mapping[str, Sequence[str]], card: CatalogueEntry) -> Iterator[Step]:
    """Yield the steps that move ``calls`` and ``metrics``. ``card`` has the properties of a stub, if one is needed."""
    for cypher, kind in ((CALLS_MOVED, "calls"), (METRICS_MOVED, "metrics")):
        keys = sorted(found[kind])
        for begin in range(0, len(keys), KEYS_OF_STEP):
            page = keys[begin : begin + KEYS_OF_STEP]
            yield Step([], Query(cypher, {"move": move, "card": card._asdict(), "keys": page}))
