from decimal import Decimal

import pytest

from workers.ops.reprice.difference import Difference
from workers.ops.reprice.revision import revise
from workers.pipelines.telemetry.prices.pricing import CatalogueEntry, PricingTerms
from workers.pipelines.telemetry.prices.tariff import Dollars, Tariff

ONE_DOLLAR, TWO_DOLLARS = (Tariff.of([(-1, Dollars(*[Decimal(usd)] * 6))]) for usd in (1, 2))


class Book:
    """Knows one model from one time on, and two service tiers."""

    def terms(self, provider: str, model_id: str, timestamp: int, service_tier: str | None = None) -> PricingTerms:
        known = (provider, model_id) == ("p", "m") and timestamp >= 5
        tariff = TWO_DOLLARS if service_tier == "priority" else ONE_DOLLAR
        return PricingTerms(tariff, 100, "registry", "m@5", "m@1") if known else PricingTerms(None, None)

    def entry(self, model_id: str) -> CatalogueEntry:
        raise AssertionError(model_id)


def found(
    *versions: str, at: int = 5, tier: str | None = None, charged: tuple[object, ...] = (None,) * 6
) -> dict[str, object]:
    columns = ["m", "p", at, 1, 2, None, None, None, 3, None, tier, None, *charged]
    return {"key": "t/s", "columns": columns, "version_ids": list(versions), "read": ["as", "read"]}


def test_an_invocation_gets_the_price_and_the_version_of_its_time() -> None:
    revision = revise(found(), Book())
    assert revision.differs
    assert revision.row() == {
        "key": "t/s",
        "read": ["as", "read"],
        "cost_usd": 3.0,
        "cost_usd_exact": "3.00000000",
        "context_utilization": 0.03,
        "price_source": "registry",
        "price_id": "m@5",
        "cost_note": None,
        "version_id": "m@1",
    }


@pytest.mark.parametrize(("tier", "usd"), [("priority", 6.0), ("standard", 3.0), (None, 3.0)])
def test_its_service_tier_has_a_price_of_its_own(tier: str | None, usd: float) -> None:
    assert revise(found(tier=tier), Book()).row()["cost_usd"] == usd


def test_one_that_has_all_that_already_does_not_differ() -> None:
    charged = (3.0, "3.00000000", 0.03, "registry", "m@5", None)
    assert not revise(found("m@1", charged=charged), Book()).differs
    assert revise(found("m@2", charged=charged), Book()).differs
    note = "the model is known, and has no price for tokens at that time"
    assert not revise(found(at=4, charged=(None, None, None, "none", None, note)), Book()).differs


def test_a_price_that_is_no_longer_known_goes() -> None:
    revision = revise(found("m@1", at=4, charged=(3.0, "3.00000000", 0.03, "registry", "m@5", None)), Book())
    assert revision.differs
    assert (revision.row()["cost_usd"], revision.row()["version_id"]) == (None, None)


def test_sums_are_exact_in_all_and_by_model() -> None:
    difference = Difference()
    difference.add([revise(found(), Book()), revise(found(at=4, charged=(0.1, "0.10000000", *[None] * 4)), Book())])
    total = difference.total
    assert (total.invocations, total.differing, total.usd_before, total.usd_after) == (2, 2, Decimal("0.1"), Decimal(3))
    assert difference.by_model == {"m": total}
