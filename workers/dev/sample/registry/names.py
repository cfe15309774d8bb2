"""The ``model_id`` of a model in the registry, and its other names.

Several providers sell the same model under the same id, at prices of their own, and ``model_id`` is unique: a model
has its plain id if only one provider sells it, or if this provider is its maker (it claims names of this form
as its own); for all other providers it is ``<provider>/<id>``. If a plain id equals such an id, it gets a prefix:
OpenRouter's ``openai/codex-mini`` is ``openrouter/openai/codex-mini``, since ``openai/codex-mini`` is OpenAI's.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genai_prices.types import ClauseAnd, ClauseEquals, ClauseOr, MatchLogic, ModelInfo, Provider


def registry_ids(providers: Sequence[Provider]) -> Mapping[tuple[str, str], str]:
    """Return each model's ``model_id``, by the provider's id and the model's id there."""
    sellers: dict[str, list[Provider]] = defaultdict(list)
    for provider in providers:
        for model in provider.models:
            sellers[model.id].append(provider)
    sold = [(provider, name, provider is _owner(name, by)) for name, by in sellers.items() for provider in by]
    prefixed = {f"{provider.id}/{name}" for provider, name, owned in sold if not owned}
    return {
        (provider.id, name): name if owned and name not in prefixed else f"{provider.id}/{name}"
        for provider, name, owned in sold
    }


def _owner(name: str, sellers: Sequence[Provider]) -> Provider | None:
    if len(sellers) == 1:
        return sellers[0]
    makers = (each for each in sellers if each.model_match and each.model_match.is_match(name.lower()))
    return next(makers, None)


def aliases(model: ModelInfo, model_id: str) -> list[str]:
    """Return every exact name of the model that is not its ``model_id``, sorted."""
    return sorted({model.id, *_exact(model.match)} - {model_id})


def match_rule(model: ModelInfo) -> dict[str, Any] | None:
    """Return the rule for further names as JSON; ``None`` if exact names are enough.

    A rule has one key: ``equals``, ``starts_with``, ``ends_with``, ``contains`` or ``regex`` with a text, ``or`` or
    ``and`` with a list of rules. Names are compared in lower case.
    """
    return None if _is_exact(model.match) else _rule(model.match)


def _is_exact(logic: MatchLogic) -> bool:
    return isinstance(logic, ClauseEquals) or (isinstance(logic, ClauseOr) and all(map(_is_exact, logic.or_)))


def _exact(logic: MatchLogic) -> Iterator[str]:
    """Return the names that alone satisfy the logic."""
    if isinstance(logic, ClauseEquals):
        yield logic.equals
    if isinstance(logic, ClauseOr):
        for part in logic.or_:
            yield from _exact(part)


def _rule(logic: MatchLogic) -> dict[str, Any]:
    if isinstance(logic, ClauseOr):
        return {"or": [_rule(part) for part in logic.or_]}
    if isinstance(logic, ClauseAnd):
        return {"and": [_rule(part) for part in logic.and_]}
    return dataclasses.asdict(logic)
