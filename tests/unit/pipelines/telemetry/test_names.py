from typing import Any

import pytest

from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.names import meanings, seller
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, registry_model
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook
from workers.pipelines.telemetry.usage import Usage

CATALOGUE = Catalogue()
JANUARY_2026 = 1_767_225_600_000
"""2026-01-01T00:00:00Z, in milliseconds."""
BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def price(input_usd: str) -> list[Any]:
    return ["p", 0, None, "1", 8, input_usd, "0"]


def book(*models: tuple[str, str, tuple[str, ...], str]) -> RegistryPriceBook:
    history = RegistryHistory(CATALOGUE.named)
    history.replace(
        registry_model(model_id, provider, aliases, [price(usd)]) for model_id, provider, aliases, usd in models
    )
    return RegistryPriceBook(history, CATALOGUE)


@pytest.mark.parametrize(
    ("names", "known"),
    [
        ("azure Azure azure.ai.openai az.ai.openai azure_openai azure_ai AzureOpenAI azure.ai.inference", "azure"),
        ("aws aws.bedrock bedrock bedrock_converse amazon_bedrock anthropic.bedrock", "aws"),
        ("google gcp.vertex_ai vertex_ai gcp.gemini gcp.gen_ai google_genai anthropic_vertex gemini", "google"),
        ("openai OpenAI openai-chat", "openai"),
        ("anthropic Anthropic", "anthropic"),
        ("x-ai xai x_ai x.ai", "x-ai"),
        ("mistral mistralai mistral_ai", "mistral"),
        ("together together_ai", "together"),
        ("fireworks fireworks_ai", "fireworks"),
        ("acme-blazing ACME-Blazing", "acme-blazing"),
    ],
)
def test_a_provider_has_many_spellings(names: str, known: str) -> None:
    assert {seller(name) for name in names.split()} == {known}


@pytest.mark.parametrize(
    ("provider", "name", "input_usd", "output_usd"),
    [
        # US dollars for a million tokens, from the providers' published price lists.
        ("azure", "gpt-4o-2024-08-06", "2.50", "10"),
        ("azure", "azure/gpt-4o-2024-08-06", "2.50", "10"),
        ("litellm", "azure/gpt-4o-2024-08-06", "2.50", "10"),
        ("azure.ai.openai", "azure/eu/gpt-4o-2024-08-06", "2.50", "10"),
        ("openai", "openai/gpt-4o", "2.50", "10"),
        ("openai", "anthropic/claude-sonnet-4-5", "3", "15"),
        ("openrouter", "openrouter/openai/gpt-4o-mini", "0.15", "0.60"),
        ("google", "models/gemini-2.5-pro", "1.25", "10"),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", "1.25", "10"),
        ("openai", "ft:gpt-4o-mini:org::id", "0.30", "1.20"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", "0.30", "1.20"),
        ("openai", "ft:gpt-3.5-turbo:org::id", "3", "6"),
        ("aws.bedrock", BEDROCK, "3.30", "16.50"),
        ("aws.bedrock", f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{BEDROCK}", "3.30", "16.50"),
        ("litellm", f"bedrock/converse/{BEDROCK}", "3.30", "16.50"),
        ("aws.bedrock", BEDROCK.replace("us.", "global."), "3", "15"),
        ("anthropic.bedrock", "arn:aws:bedrock:us-east-1::foundation-model/" + BEDROCK[3:], "3.30", "16.50"),
    ],
)
def test_a_model_has_many_names(provider: str, name: str, input_usd: str, output_usd: str) -> None:
    tariff = CATALOGUE.terms(provider, name, JANUARY_2026).tariff
    assert tariff
    costs = [tariff.cost(Usage(*counts)).usd * 10 for counts in ((100_000, 0), (0, 100_000))]
    assert costs == pytest.approx([float(input_usd), float(output_usd)])


@pytest.mark.parametrize(
    ("provider", "name", "why"),
    [
        ("azure", "my-deployment", "unknown_model"),
        ("aws.bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123", "unknown_model"),
        ("openai", "ft:gpt-9:org::id", "unknown_model"),
        ("somewhere", "gpt-4o", "unknown_provider"),
        ("openai", "/" * 900, "unknown_model"),
    ],
)
def test_a_name_that_means_nothing_has_a_reason(provider: str, name: str, why: str) -> None:
    terms = book().terms(provider, name, JANUARY_2026)
    assert (terms.tariff, terms.unpriced) == (None, why)


def test_a_deployment_is_what_the_registry_calls_so() -> None:
    known = book(("azure/gpt-4o", "azure", ("my-deployment", "arn:aws:bedrock:us-east-1:1:x/abc"), "0.007"))
    for provider in ("azure", "Azure", "az.ai.openai", "litellm"):
        assert known.terms(provider, "my-deployment", 1).source == "registry"
    assert known.terms("aws.bedrock", "arn:aws:bedrock:us-east-1:1:x/abc", 1).source == "registry"


@pytest.mark.parametrize("provider", ["azure", "azure.ai.openai", "az.ai.openai", "azure_openai", "Azure"])
def test_all_spellings_of_a_provider_have_its_price_in_the_registry(provider: str) -> None:
    known = book(("gpt-4o", "openai", (), "0.001"), ("azure/gpt-4o", "azure", ("gpt-4o",), "0.002"))
    tariff = known.terms(provider, "gpt-4o-2024-08-06", JANUARY_2026).tariff
    assert tariff
    assert tariff.cost(Usage(1_000, 0)).exact == "0.00200000"


def test_the_registrys_spelling_of_a_provider_does_not_matter() -> None:
    known = book(("gpt-4o", "azure_openai", (), "0.001"), ("openai/gpt-4o", "openai", ("gpt-4o",), "0.002"))
    tariff = known.terms("Azure", "gpt-4o", JANUARY_2026).tariff
    assert tariff
    assert tariff.cost(Usage(1_000, 0)).exact == "0.00100000"


def test_a_name_with_a_provider_is_that_providers_before_it_is_a_resellers() -> None:
    known = book(("openai/gpt-4o", "openrouter", (), "0.009"), ("gpt-4o", "openai", (), "0.001"))
    for provider, name, expected in (
        ("openai", "openai/gpt-4o", "0.00100000"),
        ("litellm", "openai/gpt-4o", "0.00100000"),
        ("openrouter", "openai/gpt-4o", "0.00900000"),
    ):
        tariff = known.terms(provider, name, JANUARY_2026).tariff
        assert tariff
        assert tariff.cost(Usage(1_000, 0)).exact == expected


def test_a_fine_tuned_model_is_never_its_base() -> None:
    assert ("openai", "gpt-4o-mini") not in meanings("openai", "ft:gpt-4o-mini:org::id")
    assert book(("gpt-9", "openai", (), "0.001")).terms("openai", "ft:gpt-9:org::id", 1).tariff is None
