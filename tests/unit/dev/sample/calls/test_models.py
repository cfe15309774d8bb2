from collections import Counter
from random import Random

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers

from workers.dev.sample.calls.models import MIXES, MODELS_OF_2023, MODELS_OF_2026, ModelChoice, choose, mix_at, named

NOVEMBER_2023 = 1_700_158_623_000
NOVEMBER_2026 = 1_795_000_000_000


@pytest.mark.parametrize("model", [*MODELS_OF_2023, *MODELS_OF_2026], ids=lambda model: model.model_id)
def test_every_model_is_one_that_genai_prices_knows_and_prices(model: ModelChoice) -> None:
    known = {(provider.id, each.id) for provider in providers for each in provider.models}
    assert (model.provider, model.model_id) in known
    price = calc_price(Usage(input_tokens=1_000, output_tokens=1_000), model.model_id, provider_id=model.provider)
    assert price.total_price > 0


def test_calls_of_2023_go_to_models_of_2023() -> None:
    assert mix_at(NOVEMBER_2023) is MODELS_OF_2023
    assert mix_at(NOVEMBER_2026) is MODELS_OF_2026
    assert mix_at(MIXES[1][0]) is MODELS_OF_2026


def test_the_prompts_of_the_azure_trace_fit_the_models_of_its_time() -> None:
    windows = {(provider.id, each.id): each.context_window for provider in providers for each in provider.models}
    assert all((windows[each.provider, each.model_id] or 32_000) >= 7_841 for each in MODELS_OF_2023)


def test_models_are_drawn_by_weight() -> None:
    random = Random(0)  # noqa: S311 - reproducible by design
    drawn = Counter(choose(random, NOVEMBER_2023).model_id for _ in range(5_000))
    assert drawn.most_common(1)[0][0] == "gpt-3.5-turbo-16k"
    assert set(drawn) == {model.model_id for model in MODELS_OF_2023}


def test_a_model_named_without_provider_gets_its_maker_one_that_serves_it_or_unknown() -> None:
    assert named("gpt-4", None).provider == "openai"
    assert named("llama-3.1-8b-instant", None).provider == "groq"
    assert named("made-up-model", None).provider == "unknown"
    assert named("gpt-4", "azure").provider == "azure"
