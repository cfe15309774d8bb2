from collections.abc import Sequence

import pytest
from genai_prices.data import providers
from genai_prices.types import (
    ClauseContains,
    ClauseEquals,
    ClauseOr,
    ClauseStartsWith,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    Provider,
)

from workers.dev.sample.registry.names import aliases, match_rule, registry_ids


def model(name: str, match: MatchLogic | None = None) -> ModelInfo:
    return ModelInfo(id=name, match=match or ClauseEquals(name), prices=ModelPrice())


def provider(name: str, models: Sequence[str], makes: MatchLogic | None = None) -> Provider:
    return Provider(id=name, name=name, api_pattern="", model_match=makes, models=[model(each) for each in models])


def test_a_model_that_one_provider_sells_keeps_its_id() -> None:
    assert registry_ids([provider("openai", ["gpt-4"])]) == {("openai", "gpt-4"): "gpt-4"}


def test_of_several_sellers_the_maker_has_the_plain_id() -> None:
    sellers = [provider("azure", ["ada"]), provider("openai", ["ada"], ClauseStartsWith("ada"))]
    assert registry_ids(sellers) == {("azure", "ada"): "azure/ada", ("openai", "ada"): "ada"}


def test_without_a_maker_among_the_sellers_nobody_has_the_plain_id() -> None:
    sellers = [provider("groq", ["llama"]), provider("together", ["llama"])]
    assert set(registry_ids(sellers).values()) == {"groq/llama", "together/llama"}


def test_an_id_that_reads_like_a_seller_and_its_id_gives_way() -> None:
    sellers = [
        provider("openrouter", ["openai/ada"]),
        provider("openai", ["ada"]),
        provider("azure", ["ada"], ClauseContains("ada")),
    ]
    ids = registry_ids(sellers)
    assert ids["openai", "ada"] == "openai/ada"
    assert ids["openrouter", "openai/ada"] == "openrouter/openai/ada"


def test_every_real_model_has_an_id_of_its_own_and_the_well_known_ones_their_plain_id() -> None:
    ids = registry_ids(providers)
    assert len(set(ids.values())) == len(ids) == sum(len(each.models) for each in providers)
    for seller, name in [("openai", "gpt-4"), ("anthropic", "claude-sonnet-4-6"), ("deepseek", "deepseek-v4-flash")]:
        assert ids[seller, name] == name


def test_aliases_are_all_exact_names_but_the_id() -> None:
    logic = ClauseOr([ClauseEquals("gpt-4"), ClauseOr([ClauseEquals("gpt-4-0613")]), ClauseStartsWith("gpt-4-preview")])
    assert aliases(model("gpt-4", logic), "gpt-4") == ["gpt-4-0613"]
    assert aliases(model("gpt-4", logic), "azure/gpt-4") == ["gpt-4", "gpt-4-0613"]


@pytest.mark.parametrize(
    ("logic", "rule"),
    [
        (ClauseEquals("a"), None),
        (ClauseOr([ClauseEquals("a"), ClauseEquals("b")]), None),
        (ClauseContains("a"), {"contains": "a"}),
        (ClauseOr([ClauseEquals("a"), ClauseStartsWith("b")]), {"or": [{"equals": "a"}, {"starts_with": "b"}]}),
    ],
)
def test_a_rule_is_told_where_exact_names_are_not_all(logic: MatchLogic, rule: object) -> None:
    assert match_rule(model("a", logic)) == rule
