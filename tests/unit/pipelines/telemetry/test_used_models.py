"""Which Model a call uses: match rules, spellings of providers and gateway names, against a search by the contract."""

import json
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.naive_names import Registered, naive_used_model
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, registry_model

CATALOGUE = Catalogue()
USED = [
    ("anthropic", "claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
    ("Anthropic", "claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
    ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
    ("openai", "openai/gpt-4o", "gpt-4o"),
    ("litellm", "openai/gpt-4o-2024-08-06", "gpt-4o"),
    ("azure", "gpt-4o", "azure/gpt-4o"),
    ("azure.ai.openai", "gpt-4o", "azure/gpt-4o"),
    ("az.ai.openai", "gpt-4o-2024-08-06", "azure/gpt-4o"),
    ("azure_openai", "gpt-4o", "azure/gpt-4o"),
    ("litellm", "azure/gpt-4o", "azure/gpt-4o"),
    ("google", "gemini-2.5-pro", "gemini-2.5-pro"),
    ("gcp.gemini", "models/gemini-2.5-pro", "gemini-2.5-pro"),
    ("vertex_ai", "gemini-2.5-pro", "gemini-2.5-pro"),
    ("openai", "our-own", None),
]
SOLD = {
    "claude-3-5-sonnet": ("anthropic", []),
    "gpt-4o": ("openai", []),
    "azure/gpt-4o": ("azure.ai.openai", ["gpt-4o"]),
    "gemini-2.5-pro": ("google", []),
}
ALIASES = ("gpt-4o", "gpt-4o-2024-08-06", "claude-3-5-sonnet-latest", "models/gemini-2.5-pro", "our-own")
PROVIDERS = ("openai", "azure", "azure_openai", "gcp.gemini", "anthropic", "Azure")
MOST = 9


def history_of(models: Mapping[str, Registered]) -> RegistryHistory:
    history = RegistryHistory(CATALOGUE.named)
    made = []
    for model_id, model in models.items():
        said = [(since, names[since]) for since, names in sorted(model.rows.items())]
        price = (f"{model_id}@0", said[0][0], None, None, None, "1", "1", None, None)
        made.append(registry_model(model_id, model.provider, said[-1][1], [price], json.dumps(said)))
    history.replace(made)
    return history


@pytest.mark.parametrize(("provider", "name", "used"), USED)
def test_a_call_uses_the_model_that_its_names_mean(provider: str, name: str, used: str | None) -> None:
    models = {model_id: Registered(sold_by, {0: {0: names}}) for model_id, (sold_by, names) in SOLD.items()}
    assert naive_used_model(models, (provider, name), 5) == used
    assert history_of(models).meaning(provider, name).used_model(5) == (used or name)


def _drawn(random: Random) -> dict[str, Registered]:
    models = {}
    for model_id in random.sample(list(SOLD), random.randint(1, len(SOLD))):
        provider = SOLD[model_id][0] if random.random() < 0.7 else random.choice(PROVIDERS)
        times = sorted(random.sample(range(1, MOST), random.randint(1, 3)))
        rows = {since: {since: random.sample(ALIASES, random.randint(0, 2))} for since in times}
        models[model_id] = Registered(provider, rows)
    return models


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_call_uses_what_a_search_through_all_models_finds(random: Random) -> None:
    models = _drawn(random)
    history = history_of(models)
    for provider, name, _ in USED:
        for at in range(MOST + 1):
            found = naive_used_model(models, (provider, name), at)
            assert history.meaning(provider, name).used_model(at) == (found or name), (provider, name, at, models)
