"""Which Model each call must use, by genai-prices and the sampled registry's ids: none of the worker's code is used."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from genai_prices.data import providers
from genai_prices.data_snapshot import get_snapshot

from workers.dev.sample.calls.spellings import MEANT
from workers.dev.sample.records.costs import SpanKey
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.registry.names import registry_ids


class UsedModel(NamedTuple):
    """A Model of the registry; or, with the name as the call has it, a stub."""

    model_id: str
    is_stub: bool


def expected_models(items: Iterable[Sampled | Poison]) -> dict[SpanKey, UsedModel]:
    """Return the Model of each call whose names are one of the spellings, or those of genai-prices itself."""
    return {
        (start.key, start.fields["span_id"]): model
        for start in _starts(items)
        if (model := _used(start.fields["provider"], start.fields["model_id"])) is not None
    }


def _starts(items: Iterable[Sampled | Poison]) -> Iterator[Sampled]:
    for item in items:
        if isinstance(item, Sampled) and item.fields["event_type"] == "llm.invocation.start":
            yield item


@cache
def _used(provider: str, name: str) -> UsedModel | None:
    named = provider, name
    meant = MEANT.get(named, named)
    if meant is None:
        return UsedModel(name, is_stub=True)
    if named not in MEANT and named not in _ids():
        return None
    sold_by, model = get_snapshot().find_provider_model(meant[1], None, meant[0], None)
    sellers = [sold_by.id, *(each.id for each in providers if any(model is own for own in each.models))]
    return UsedModel(
        next(_ids()[seller, model.id] for seller in sellers if (seller, model.id) in _ids()), is_stub=False
    )


@cache
def _ids() -> Mapping[tuple[str, str], str]:
    return registry_ids(providers)
