"""What a name means as of a time, against a search through the whole history."""

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.naive_names import Registered, naive_used_model
from workers.core.node_key import model_name_id
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, registry_model

NAMES = ("a", "b", "x", "y", "z")
PROVIDERS = ("p", "q", "r")
MOST = 12
"""Times are from 1 to this."""
PRICE = [("m@0", 0, None, None, None, "1", "1", None, None)]


def _drawn(random: Random) -> dict[str, Registered]:
    """Return models with aliases that come, go and move."""
    models = {}
    for model_id in ("a", "b", "c"):
        times = sorted(random.sample(range(1, MOST + 1), random.randint(1, 4)))
        rows = {since: {since: random.sample(NAMES, random.randint(0, 2))} for since in times}
        models[model_id] = Registered(random.choice(PROVIDERS), rows)
    return models


def _history(models: dict[str, Registered]) -> RegistryHistory:
    history = RegistryHistory(lambda _provider, _name: None)
    made = []
    for model_id, model in models.items():
        aliases = [(since, said[since]) for since, said in sorted(model.rows.items())]
        price = ["m@0", aliases[0][0], *PRICE[0][2:]]
        history_of = json.dumps(aliases) if len(aliases) > 1 else None
        made.append(registry_model(model_id, model.provider, aliases[-1][1], [price], history_of))
    history.replace(made)
    return history


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_name_means_at_each_time_what_a_search_through_all_aliases_finds(random: Random) -> None:
    models = _drawn(random)
    history = _history(models)
    for provider in (*PROVIDERS, "other"):
        for name in (*NAMES, "unknown"):
            meaning = history.meaning(provider, name)
            found = {at: naive_used_model(models, (provider, name), at) for at in range(MOST + 2)}
            assert {at: meaning.used_model(at) for at in found} == {at: of or name for at, of in found.items()}
            assert meaning.is_open == (None in found.values())
            assert set(meaning.used_models) == {of or name for of in found.values()}
            model = history.find(provider, name, 5)
            assert (model and model.model_id) == found[5]


def test_an_alias_that_moves_leaves_the_calls_before_where_they_are() -> None:
    models = {
        "a": Registered("p", {10: {10: ["x"], 30: []}}),
        "b": Registered("p", {20: {20: [], 30: ["x"]}}),
    }
    history = RegistryHistory(lambda _provider, _name: None)
    history.replace(
        [
            registry_model("a", "p", [], PRICE, '[[10, ["x"]], [30, []]]'),
            registry_model("b", "p", ["x"], PRICE, '[[20, []], [30, ["x"]]]'),
        ]
    )
    meaning = history.meaning("p", "x")
    assert [meaning.used_model(at) for at in (0, 10, 29, 30, 99)] == ["a", "a", "a", "b", "b"]
    assert [naive_used_model(models, ("p", "x"), at) for at in (0, 10, 29, 30, 99)] == ["a", "a", "a", "b", "b"]
    assert not meaning.is_open


def test_a_call_before_its_alias_was_registered_is_of_the_model_that_gets_it_first() -> None:
    history = RegistryHistory(lambda _provider, _name: None)
    history.replace([registry_model("gpt-4o", "openai", ["gpt-4o-2024-08-06"], PRICE)])
    for provider in ("openai", "litellm"):
        assert history.meaning(provider, "gpt-4o-2024-08-06").used_model(0) == "gpt-4o"
    assert history.meaning("openai", "gpt-5").used_model(0) == "gpt-5"


def test_names_of_two_providers_have_two_keys() -> None:
    assert model_name_id("a/b", "c") != model_name_id("a", "b/c")
    assert model_name_id("a%2Fb", "c") != model_name_id("a/b", "c")
