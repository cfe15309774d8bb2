from typing import Any

import pytest

from workers.pipelines.telemetry.prices.reference import ALL, CHANGED, GRAPH_VERSION, OVERLAP_MS, RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory

AT = 1_700_000_000_000
WATERMARK = ["registry/registry-changes/0", "lineage", 0, 7]


def model(model_id: str, *since: int) -> list[Any]:
    return [model_id, "p", ["alias"], [[f"{model_id}@{at}", at, None, "1", 8, "1", "1", None, None] for at in since]]


class Driven:
    """A reference, its history, and what has been asked of the graph."""

    def __init__(self) -> None:
        self.history = RegistryHistory(lambda _provider, _name: None)
        self.reference = RegistryReference(self.history)

    def round(self, version: dict[str, Any], *models: list[Any], prices: int = 1) -> list[str]:
        """Answer a round's queries; ``prices`` is how many the graph has by then."""
        asked = [self.reference.query().cypher]
        again = self.reference.learn([version])
        while again:
            asked.append(self.reference.query().cypher)
            again = self.reference.learn([{"models": list(models), "prices": prices}])
        return asked

    def knows(self) -> bool:
        return self.history.find("p", "m") is not None


def version(newest: int | None = AT, prices: int = 1, watermark: list[Any] | None = None) -> dict[str, Any]:
    return {"watermarks": [watermark or WATERMARK], "prices": prices, "newest": newest, "now": "then"}


def test_at_the_start_everything_is_read_then_nothing_as_long_as_nothing_changes() -> None:
    driven = Driven()
    assert driven.round(version(), model("m", 1)) == [GRAPH_VERSION, ALL]
    assert driven.knows()
    assert driven.round(version()) == [GRAPH_VERSION]


def test_what_has_changed_since_is_read_with_an_overlap() -> None:
    driven = Driven()
    driven.round(version(), model("m", 1))
    later = version(AT + 5, watermark=[*WATERMARK[:3], 8])
    assert driven.reference.learn([later])
    assert driven.reference.query() == (CHANGED, {"since": AT - OVERLAP_MS})
    assert not driven.reference.learn([{"models": [model("n", 1)], "prices": 2}])
    assert driven.knows()
    assert driven.history.find("p", "n")


def test_a_write_that_shows_late_moves_the_watermark_alone_and_is_read_all_the_same() -> None:
    driven = Driven()
    driven.round(version(), model("m", 1))
    assert driven.round(version(watermark=[*WATERMARK[:3], 8]), model("m", 1)) == [GRAPH_VERSION, CHANGED]


def test_a_model_that_has_lost_its_prices_is_forgotten() -> None:
    driven = Driven()
    driven.round(version(), model("m", 1))
    asked = driven.round(version(AT + 1, prices=0), model("m"), prices=0)
    assert (asked, driven.knows()) == ([GRAPH_VERSION, CHANGED], False)


def test_where_a_removed_model_leaves_fewer_prices_than_are_known_all_is_read_as_a_whole() -> None:
    driven = Driven()
    driven.round(version(prices=2), model("m", 1), model("n", 1), prices=2)
    asked = driven.round(version(), model("n", 1))
    assert (asked, driven.knows()) == ([GRAPH_VERSION, CHANGED, ALL], False)


@pytest.mark.parametrize(
    "other",
    [
        version(AT + 1, watermark=["registry/registry-changes/0", "another", 0, 9]),
        version(AT + 1, watermark=["registry/registry-changes/0", "lineage", 1, 9]),
        version(AT + 1, watermark=[*WATERMARK[:3], 6]),
        version(AT + 1, watermark=["registry/registry-changes/1", "lineage", 0, 9]),
        version(AT - 1),
        version(None),
    ],
    ids=["wiped", "topic recreated", "restored", "watermark gone", "time went back", "no models"],
)
def test_another_graph_is_read_as_a_whole(other: dict[str, Any]) -> None:
    driven = Driven()
    driven.round(version(), model("m", 1))
    assert driven.round(other, model("n", 1)) == [GRAPH_VERSION, ALL]
    assert not driven.knows()


def test_an_answer_that_never_came_is_asked_for_again() -> None:
    driven = Driven()
    assert driven.reference.learn([version()])
    assert driven.reference.query() == driven.reference.query() == (ALL, {})
