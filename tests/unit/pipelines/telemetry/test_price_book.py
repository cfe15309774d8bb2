from collections.abc import Sequence
from typing import Any

import pytest

from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, registry_model
from workers.pipelines.telemetry.prices.registry_price import PriceColumns
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook

CATALOGUE = Catalogue()
MODEL, PROVIDER, AT = "claude-3-5-sonnet", "anthropic", 1_700_000_000_000


def book(*prices: Sequence[Any]) -> RegistryPriceBook:
    history = RegistryHistory(CATALOGUE.named)
    history.replace([registry_model(MODEL, PROVIDER, (), prices)])
    return RegistryPriceBook(history, CATALOGUE)


def price(version: str | None, window: int | None, usd: str | None, currency: str | None = None) -> Sequence[Any]:
    columns = PriceColumns(input=usd, output=usd, currency=currency)
    return ("own", AT, None, version, window, *columns)


def test_the_registrys_terms_come_first_and_the_catalogues_before_it_knew_the_model() -> None:
    known = book(price("2", 1_000, "0.001"))
    assert known.terms(PROVIDER, MODEL, AT)[1:] == (1_000, "registry", "own", f"{MODEL}@2", None)
    assert known.terms(PROVIDER, MODEL, AT - 1) == CATALOGUE.terms(PROVIDER, MODEL, AT - 1)
    assert known.terms(PROVIDER, MODEL, AT - 1).source == "genai-prices"


@pytest.mark.parametrize("name", ["claude-3-5-sonnet-20241022", "claude-3-5-sonnet-latest"])
def test_names_that_the_catalogues_rules_know_are_the_registrys_model(name: str) -> None:
    assert book(price("2", 1_000, "0.001")).terms(PROVIDER, name, AT).version_id == f"{MODEL}@2"


def test_what_the_registry_leaves_open_the_catalogue_fills_each_by_itself() -> None:
    other = CATALOGUE.terms(PROVIDER, MODEL, AT)
    assert other.context_window == 200_000
    assert book(price("2", None, "0.001")).terms(PROVIDER, MODEL, AT)[1:4] == (200_000, "registry", "own")
    assert book(price("2", 1_000, None)).terms(PROVIDER, MODEL, AT) == (
        other.tariff,
        1_000,
        "genai-prices",
        None,
        f"{MODEL}@2",
        None,
    )


@pytest.mark.parametrize(("window", "known"), [(1_000, 1_000), (None, 200_000)])
def test_a_price_in_another_currency_is_no_cost_and_the_catalogues_is_not_what_is_paid(
    window: int | None, known: int
) -> None:
    euros = book(price("2", window, "0.001", "EUR"))
    assert euros.terms(PROVIDER, MODEL, AT) == (None, known, None, None, f"{MODEL}@2", "other_currency")
    assert euros.terms(PROVIDER, MODEL, AT - 1).source == "genai-prices"
    assert book(price("2", window, "0.001", "USD")).terms(PROVIDER, MODEL, AT).source == "registry"


def test_a_stubs_card_is_the_catalogues() -> None:
    assert book(price("2", 1_000, "0.001")).entry(MODEL) == CATALOGUE.entry(MODEL)


def test_a_call_without_a_price_has_a_reason() -> None:
    known = book(price("2", 1_000, "0.001"))
    assert known.terms(PROVIDER, MODEL, AT).unpriced is None
    assert known.terms(PROVIDER, "no-such-model", AT).unpriced == "unknown_model"
    assert known.terms("openai", "whisper-1", AT).unpriced == "no_price"
