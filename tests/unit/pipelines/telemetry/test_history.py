from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.naive_registry_join import Row, naive_cost, naive_model_of, naive_row
from tests.model.registry_history import registry_history
from workers.pipelines.telemetry.cost import cost_of
from workers.pipelines.telemetry.prices.pricing import PricingTerms
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, RegistryModel, registry_model
from workers.pipelines.telemetry.tokens.conventions import TokenCounts
from workers.pipelines.telemetry.tokens.used import Used
from workers.pipelines.telemetry.usage import Usage

NAMES = ("m1", "m2", "m3", "m4", "m5")
RULES = {("anthropic", "m1"): "m2", ("openai", "m3"): "m4", ("azure", "x"): "m1"}
BEGINS, STEP = 1_700_000_000_000, 1_000


def models(rows: Iterable[Row]) -> list[RegistryModel]:
    """Make of a history what the graph's rows make of it."""
    prices: dict[tuple[str, str | None, tuple[str, ...]], list[Any]] = defaultdict(list)
    for row in rows:
        price_id = f"{row.model_id}@{row.since}"
        columns = (price_id, row.since, row.until, row.version, row.window, *row.prices)
        prices[row.model_id, row.provider, row.aliases].insert(0, columns)
    return [registry_model(*model, columns) for model, columns in prices.items()]


def made(*rows: Row) -> RegistryHistory:
    history = RegistryHistory(lambda provider, name: RULES.get((provider, name)))
    history.replace(models(rows))
    return history


def row(model_id: str, provider: str | None, *aliases: str, since: int = 0, until: int | None = None) -> Row:
    return Row(model_id, provider, aliases, since, until, "1", 1_000, ("0.001", "0.002", None, None))


def meant(history: RegistryHistory, provider: str, name: str) -> str | None:
    model = history.find(provider, name)
    return model.model_id if model else None


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_lookup_is_that_of_a_search_through_all_of_the_history(random: Random) -> None:
    rows = registry_history(random, NAMES, BEGINS, STEP)
    history = made(*random.sample(rows, len(rows) // 2))
    changed = list(rows)
    history.replace(models(changed))
    counted = TokenCounts(1_000, 7, 10, None, 5)
    for provider in ("anthropic", "openai", "azure", "acme", "other"):
        for name in (*NAMES, "x", "unknown"):
            rule = RULES.get((provider, name))
            assert meant(history, provider, name) == naive_model_of(rows, provider, name, rule, BEGINS + 99 * STEP)
            for at in (BEGINS + STEP * step + edge for step in range(-3, 12) for edge in (-1, 0)):
                expected, found = naive_row(rows, provider, name, rule, at), history.terms(provider, name, at)
                assert (expected is None) == (found is None)
                if expected and found:
                    version_id = expected.version and f"{expected.model_id}@{expected.version}"
                    assert (found.version_id, found.context_window) == (version_id, expected.window)
                    exact = cost_of(Used(counted), found).cost_usd_exact
                    assert (exact and Decimal(exact)) == naive_cost(expected, counted._asdict())


def test_the_sellers_own_model_comes_before_one_whose_id_is_the_name() -> None:
    history = made(row("gpt-4o", "openai"), row("azure/gpt-4o", "azure", "gpt-4o"))
    assert meant(history, "azure", "gpt-4o") == "azure/gpt-4o"
    assert meant(history, "openai", "gpt-4o") == "gpt-4o"
    assert meant(history, "somebody", "gpt-4o") == "gpt-4o"


def test_an_id_comes_before_an_alias_and_of_two_aliases_the_first_id_counts() -> None:
    history = made(row("m9", "p", "a"), row("m8", "p", "a"), row("a8", "p", "m9"))
    assert meant(history, "p", "m9") == "m9"
    assert meant(history, "p", "a") == "m8"


def test_a_name_that_matches_the_catalogues_rules_is_the_model_they_lead_to() -> None:
    assert meant(made(row("m2", "anthropic")), "anthropic", "m1") == "m2"
    assert meant(made(row("anthropic/m2", "anthropic", "m2")), "anthropic", "m1") == "anthropic/m2"
    assert meant(made(row("m2", "anthropic")), "openai", "m1") is None


def test_of_several_other_sellers_models_none_is_guessed() -> None:
    assert meant(made(row("p/a", "p", "a"), row("q/a", "q", "a")), "somebody", "a") is None
    assert meant(made(row("p/a", "p", "a")), "somebody", "a") == "p/a"


def test_terms_hold_from_their_beginning_until_before_their_end() -> None:
    history = made(row("m", "p", since=10, until=20))
    assert [history.terms("p", "m", at) is not None for at in (9, 10, 19, 20)] == [False, True, True, False]


def test_what_was_looked_up_before_is_looked_up_anew_after_a_change() -> None:
    history = made(row("m", "p"))
    assert meant(history, "p", "m") == "m"
    history.update([RegistryModel("m", "p", (), ()), *models([row("n", "p", "m")])])
    assert meant(history, "p", "m") == "n"
    assert history.prices == 1


def test_a_price_that_nobody_could_charge_is_none() -> None:
    for price in ("abc", "-1", "NaN", "Infinity"):
        model = registry_model("m", "p", None, [("m@0", 0, None, None, None, price, price, None, None)])
        assert model.periods[0].terms(0, None) == PricingTerms(None, None, unpriced="no_price")
    exact = registry_model("m", "p", None, [("m@0", 0, None, None, None, 0.1, None, "0.00000000001", None)])
    tariff = exact.periods[0].terms(0, None).tariff
    assert tariff
    assert tariff.cost(Usage(1, 1, cached=1)).exact == "0.00000000000001"


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_changes_one_by_one_come_to_what_reading_all_comes_to(random: Random) -> None:
    history = made()
    there: dict[str, RegistryModel] = {}
    for _ in range(6):
        changed = models(registry_history(random, NAMES, BEGINS, STEP))
        gone = [RegistryModel(each, None, (), ()) for each in random.sample(NAMES, 1)]
        history.update([*changed, *gone])
        there.update({model.model_id: model for model in changed})
        there.pop(gone[0].model_id, None)
    everything = made()
    everything.replace(there.values())
    assert history.prices == everything.prices
    for provider in ("anthropic", "openai", "azure", "acme", "other"):
        for name in (*NAMES, "x", "unknown"):
            assert history.meaning(provider, name).periods == everything.meaning(provider, name).periods


class Counted(tuple[str, ...]):
    """Aliases that count how often they are read."""

    __slots__ = ()
    read = 0

    def __iter__(self) -> Iterator[str]:
        Counted.read += 1
        return super().__iter__()


def test_a_change_of_one_model_looks_at_no_other() -> None:
    (model,) = models([row("m", "p", "alias")])
    others = [model._replace(model_id=f"o{number}", aliases=Counted(("alias",))) for number in range(50)]
    history = made()
    history.replace([model, *others])
    Counted.read = 0
    history.update([model._replace(aliases=("other",))])
    assert meant(history, "p", "other") == "m"
    assert Counted.read == 0
