"""Costs by hand from published price lists; the same from the catalogue and from a registry that was loaded from it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.unit.pipelines.telemetry.loaded_registry import loaded_models
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook
from workers.pipelines.telemetry.usage import Usage

CATALOGUE = Catalogue()
MARCH, NOON, NIGHT = (
    datetime(2026, 3, 1, 12, tzinfo=UTC),
    datetime(2026, 11, 20, 12, tzinfo=UTC),
    datetime(2026, 11, 20, 2, tzinfo=UTC),
)

# Each provider's published price list, as of that time: US dollars for a million tokens. Input, cached, and so on.
# "Read" is the day on which a copy of that page was compared with the row; elsewhere the page is the one that
# genai-prices 0.2.3 names for the price, which was not read again.
PUBLISHED = [
    # OpenAI, platform.openai.com/docs/pricing: gpt-4o 2.50, cached 1.25, output 10.
    #   600 x 2.50 + 400 x 1.25 + 200 x 10 = 1,500 + 500 + 2,000 = 4,000 millionths
    ("openai", "gpt-4o", MARCH, Usage(1_000, 200, cached=400), "0.004"),
    # OpenAI: gpt-5 1.25 / 0.125 / 10; flex and batch 0.625 / 0.0625 / 5; priority 2.50 / 0.25 / 20, as
    # openai.com/api-priority-processing says (read 2026-11-30).
    #   900 x 1.25 + 100 x 0.125 + 50 x 10 = 1,125 + 12.5 + 500
    ("openai", "gpt-5", NOON, Usage(1_000, 50, cached=100), "0.0016375"),
    ("openai", "gpt-5", NOON, Usage(1_000, 50, cached=100, service_tier="standard"), "0.0016375"),
    ("openai", "gpt-5", NOON, Usage(1_000, 50, cached=100, service_tier="batch"), "0.00081875"),
    ("openai", "gpt-5", NOON, Usage(1_000, 50, cached=100, service_tier="flex"), "0.00081875"),
    ("openai", "gpt-5", NOON, Usage(1_000, 50, cached=100, service_tier="Priority"), "0.003275"),
    # Reasoning is billed as output: 1,000 x 10, of which 800 were thoughts.
    ("openai", "gpt-5", NOON, Usage(0, 1_000, reasoning=800), "0.01"),
    # OpenAI: text-embedding-3-small 0.02, no output.
    ("openai", "text-embedding-3-small", MARCH, Usage(50_000, 0), "0.001"),
    # OpenAI: gpt-4o-mini, fine-tuned 0.30 / 1.20 beside 0.15 / 0.60 of its base.
    ("openai", "ft:gpt-4o-mini:org::id", MARCH, Usage(10_000, 1_000), "0.0042"),
    # Anthropic, platform.claude.com/docs/en/about-claude/pricing (read 2026-11-30): Sonnet 4.5 3, output 15; cache read
    # 0.30, write 3.75 (5 min), 6 (1 h).
    #   1,000 x 3 + 6,000 x 0.30 + 2,000 x 3.75 + 1,000 x 6 + 500 x 15 = 3,000 + 1,800 + 7,500 + 6,000 + 7,500
    (
        "anthropic",
        "claude-sonnet-4-5",
        MARCH,
        Usage(10_000, 500, cached=6_000, cache_write=3_000, cache_write_1h=1_000),
        "0.0258",
    ),
    # Anthropic, the same page until long contexts were retired on 2026-04-30: with more than 200,000 tokens of input,
    # all of them 6, output 22.50, cache read 0.60.
    #   150,000 x 6 + 50,001 x 0.60 + 1,000 x 22.50 = 900,000 + 30,000.6 + 22,500
    ("anthropic", "claude-sonnet-4-5", MARCH, Usage(200_001, 1_000, cached=50_001), "0.9525006"),
    #   200,000 tokens are not more than 200,000: 200,000 x 3 + 1,000 x 15
    ("anthropic", "claude-sonnet-4-5", MARCH, Usage(200_000, 1_000), "0.615"),
    # Amazon Bedrock, aws.amazon.com/bedrock/pricing: a regional endpoint costs ten per cent more than the global one.
    ("aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", MARCH, Usage(10_000, 1_000), "0.0495"),
    ("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", MARCH, Usage(10_000, 1_000), "0.045"),
    # Google, ai.google.dev/gemini-api/docs/pricing: Gemini 2.5 Pro 1.25 / 10, above 200,000 tokens of prompt 2.50 / 15.
    #   300,000 x 2.50 + 2,000 x 15 = 750,000 + 30,000
    ("google", "gemini-2.5-pro", MARCH, Usage(300_000, 2_000), "0.78"),
    ("gcp.gemini", "models/gemini-2.5-pro", MARCH, Usage(100_000, 2_000), "0.145"),
    # DeepSeek, api-docs.deepseek.com/quick_start/pricing (read 2026-11-30): V4 Pro 0.66 / 1.98, from 01:00 to 04:00 UTC
    # on a weekday, as this Friday, 1.32 / 3.96.
    ("deepseek", "deepseek-v4-pro", NOON, Usage(1_000_000, 1_000_000), "2.64"),
    ("deepseek", "deepseek-v4-pro", NIGHT, Usage(1_000_000, 1_000_000), "5.28"),
    # Azure, azure.microsoft.com/pricing/details/cognitive-services/openai-service: OpenAI's models at OpenAI's prices,
    # but not OpenAI's service tiers.
    ("azure.ai.openai", "gpt-4o-2024-08-06", MARCH, Usage(1_000, 200, cached=400), "0.004"),
    ("azure.ai.openai", "gpt-5", NOON, Usage(1_000, 50, cached=100, service_tier="batch"), "0.0016375"),
    ("azure", "azure/gpt-5", NOON, Usage(1_000, 50, cached=100, service_tier="priority"), "0.0016375"),
    # Perplexity, docs.perplexity.ai/docs/getting-started/pricing: sonar 1 / 1, and 12 for 1,000 requests.
    #   1,000 x 1 + 12,000 for the request
    ("perplexity", "sonar", MARCH, Usage(1_000, 0), "0.013"),
    # sonar-pro 3 / 15, and 14 for 1,000 requests: 1,000 x 3 + 100 x 15 + 14,000
    ("perplexity", "sonar-pro", MARCH, Usage(1_000, 100), "0.0185"),
]


@pytest.fixture(scope="module")
def registry() -> RegistryPriceBook:
    history = RegistryHistory(CATALOGUE.named)
    history.replace(loaded_models())
    return RegistryPriceBook(history, CATALOGUE)


@pytest.mark.parametrize("example", PUBLISHED)
def test_a_call_costs_what_the_price_list_says(
    example: tuple[str, str, datetime, Usage, str], registry: RegistryPriceBook
) -> None:
    provider, name, at, usage, usd = example
    for book in (CATALOGUE, registry):
        terms = book.terms(provider, name, int(at.timestamp() * 1000), usage.service_tier)
        assert terms.tariff, terms
        assert Decimal(terms.tariff.cost(usage).exact) == Decimal(usd)
