"""The as-of join with the registry's history, by the contract, without shared code.

A history is a list of ``Row``: the contents of each Price in the graph, with its Model's provider and aliases.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from genai_prices.data_snapshot import get_snapshot

from tests.model.keys import version_key
from tests.model.naive_model import COUNTED, SAID, Graph, Node

PRICES = (
    *("input", "output", "cached_input", "reasoning", "cache_write", "cache_write_1h", "per_request"),
    *("currency", "price_tiers", "price_variants"),
)
WHOLES = {"cached_input": "input", "cache_write": "input", "reasoning": "output"}
"""The category whose price a part has that has none of its own."""


@dataclass(frozen=True)
class Row:
    """A model's terms from ``since`` on (epoch milliseconds).

    ``prices`` in the order of ``PRICES``, as text, for 1,000 tokens or one request; those at the end may be missing.
    """

    model_id: str
    provider: str | None
    aliases: tuple[str, ...]
    since: int
    until: int | None
    version: str | None
    window: int | None
    prices: tuple[str | None, ...]

    def priced(self) -> dict[str, str | None]:
        """Return the prices by their names."""
        return dict(zip_longest(PRICES, self.prices))


def naive_model_of(history: Sequence[Row], provider: str, name: str, rule: str | None, at: int) -> str | None:
    """Return the model_id that ``provider`` means by ``name`` at a time; ``rule`` is its id in genai-prices."""
    ids = {row.model_id for row in history}
    own = [row for row in history if row.provider == provider]
    for called in (name, rule):
        if called in {row.model_id for row in own}:
            return called
        if bearers := _bearers(own, called, at):
            return bearers[0]
    for called in (name, rule):
        if called in ids:
            return called
        if len(bearers := _bearers(history, called, at)) == 1:
            return bearers[0]
    return None


def _bearers(history: Sequence[Row], alias: str | None, at: int) -> list[str]:
    """Return who has an alias at a time, sorted; where nobody has it yet, who gets it first."""
    begins = {row.model_id: row.since for row in reversed(history) if alias in row.aliases}
    found = [model_id for model_id, since in begins.items() if since <= at]
    first = min(begins.values(), default=None)
    return sorted(found or [model_id for model_id, since in begins.items() if since == first])


def naive_row(history: Sequence[Row], provider: str, name: str, rule: str | None, at: int) -> Row | None:
    """Return the row of the history that is in force at ``at``."""
    model_id = naive_model_of(history, provider, name, rule, at)
    fitting = [
        row for row in history if row.model_id == model_id and row.since <= at and (row.until is None or at < row.until)
    ]
    return fitting[0] if fitting else None


def naive_cost(row: Row, counted: Mapping[str, Any], at: int = 0, service_tier: str | None = None) -> Decimal | None:
    """Return the price of the tokens; ``None`` without both counts or a price in US dollars."""
    prompt, completion = counted["prompt_tokens"], counted["completion_tokens"]
    if prompt is None or completion is None or not is_priced(row):
        return None
    prices = _Prices(row, prompt, at, service_tier)
    cached, written = counted["cached_tokens"] or 0, counted.get("cache_write_tokens") or 0
    reasoning = counted["reasoning_tokens"] or 0
    assert cached + written <= prompt
    assert reasoning <= completion
    usd: Decimal = (prompt - cached - written) * prices.of("input") + (completion - reasoning) * prices.of("output")
    usd += cached * prices.of("cached_input") + written * prices.of("cache_write") + reasoning * prices.of("reasoning")
    return usd / 1000 + prices.of("per_request")


def is_priced(row: Row) -> bool:
    """Tell whether tokens have a price, in US dollars."""
    sent = row.priced()
    return (sent["input"], sent["output"]) != (None, None) and sent["currency"] in (None, "USD")


class _Prices:
    """The prices of one call: what the variants in force say, the first one first, then what the row says."""

    def __init__(self, row: Row, prompt: int, at: int, service_tier: str | None) -> None:
        sent, self.prompt = row.priced(), prompt
        minute = f"{datetime.fromtimestamp(at / 1000, UTC):%H:%M}"
        variants = [
            each
            for each in json.loads(sent["price_variants"] or "[]")
            if each.get("service_tier") in (None, service_tier) and _is_within(each, minute)
        ]
        self.said = [*variants, {"cost_per_1k_tokens": sent, "price_tiers": json.loads(sent["price_tiers"] or "{}")}]

    def of(self, category: str) -> Decimal:
        for each in self.said:
            reached = [step for step in each["price_tiers"].get(category, []) if self.prompt > step["above_tokens"]]
            if reached:
                return Decimal(max(reached, key=lambda step: step["above_tokens"])["per_1k_tokens"])
            if (usd := each["cost_per_1k_tokens"].get(category)) is not None:
                return Decimal(usd)
        return self.of(WHOLES[category]) if category in WHOLES else Decimal(0)


def _is_within(variant: Mapping[str, Any], minute: str) -> bool:
    begin, end = str(variant.get("from", "00:00")), str(variant.get("until", "24:00"))
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def naive_join(graph: Graph, history: Sequence[Row]) -> Graph:
    """Add the registry's price, window and version to the naive model's Invocations."""
    for (label, key), node in list(graph.nodes.items()):
        if label == "Invocation":
            rule = _rule(node["provider"], node["model_id"])
            row = naive_row(history, node["provider"], node["model_id"], rule, node["timestamp"])
            if row is not None:
                _join(graph, (label, key), row)
    return graph


def _join(graph: Graph, invocation: Node, row: Row) -> None:
    node = graph.nodes[invocation]
    counted = {f"{kind}_tokens": node.get(f"{kind}_tokens") for kind in COUNTED}
    prompt, completion = counted["prompt_tokens"], counted["completion_tokens"]
    if node.get("token_convention") == "contradictory":
        counted["prompt_tokens"] = prompt = None
    if row.window is not None and prompt is not None and completion is not None:
        node["context_utilization"] = (prompt + completion) / row.window
    if (row.priced()["currency"] or "USD") != "USD" and node.get("price_source") == "genai-prices":
        _unpriced(node)
    if (usd := naive_cost(row, counted, node["timestamp"], node.get("service_tier"))) is not None:
        node |= {"cost_usd": float(usd), "cost_usd_exact": usd.normalize()}
        node |= {"price_source": "registry", "price_id": price_id(row)}
        node.pop("cost_note", None)
    if row.version is not None:
        graph.relate(invocation, "USES_VERSION", ("ModelVersion", version_key(row.model_id, row.version)))


def _unpriced(node: dict[str, Any]) -> None:
    """Take the catalogue's price away: what is paid is in another currency."""
    node["price_source"], node["cost_note"] = "none", SAID
    del node["cost_usd"], node["cost_usd_exact"]
    if (reported := node.get("reported_cost_usd")) is not None:
        node |= {
            "cost_usd": reported,
            "cost_usd_exact": Decimal(repr(reported)).normalize(),
            "price_source": "reported",
        }


def price_id(row: Row) -> str:
    """Return the key of the row's Price."""
    at = datetime.fromtimestamp(row.since / 1000, UTC).isoformat(timespec="milliseconds")
    return version_key(row.model_id, f"{at.removesuffix('+00:00')}Z")


def _rule(provider: str, name: str) -> str | None:
    try:
        return get_snapshot().find_provider_model(name, None, provider, None)[1].id
    except LookupError:
        return None
