"""The as-of join with the registry's history, by the contract, without shared code.

A history is a list of ``Row``: the contents of each Price in the graph, with its Model's provider and aliases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from genai_prices.data_snapshot import get_snapshot

from tests.model.keys import version_key
from tests.model.naive_model import Graph, Node


@dataclass(frozen=True)
class Row:
    """A model's terms from ``since`` on (epoch milliseconds); prices for 1,000 tokens, as text."""

    model_id: str
    provider: str | None
    aliases: tuple[str, ...]
    since: int
    until: int | None
    version: str | None
    window: int | None
    prices: tuple[str | None, str | None, str | None, str | None]


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


def naive_cost(row: Row, counted: Mapping[str, Any]) -> Decimal | None:
    """Return the price of the tokens; ``None`` without both counts or a price."""
    prompt, completion = counted["prompt_tokens"], counted["completion_tokens"]
    of_prompt, of_completion, of_cached, of_reasoning = (None if usd is None else Decimal(usd) for usd in row.prices)
    if prompt is None or completion is None or (of_prompt is None and of_completion is None):
        return None
    of_prompt, of_completion = of_prompt or Decimal(0), of_completion or Decimal(0)
    cached = min(counted["cached_tokens"] or 0, prompt)
    reasoning = min(counted["reasoning_tokens"] or 0, completion)
    usd: Decimal = (prompt - cached) * of_prompt + cached * (of_prompt if of_cached is None else of_cached)
    usd += (completion - reasoning) * of_completion
    usd += reasoning * (of_completion if of_reasoning is None else of_reasoning)
    return usd / 1000


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
    counted = {f"{kind}_tokens": node.get(f"{kind}_tokens") for kind in ("prompt", "completion", "cached", "reasoning")}
    prompt, completion = counted["prompt_tokens"], counted["completion_tokens"]
    if node.get("token_convention") == "contradictory":
        counted["prompt_tokens"] = prompt = None
    if row.window is not None and prompt is not None and completion is not None:
        node["context_utilization"] = (prompt + completion) / row.window
    if (usd := naive_cost(row, counted)) is not None:
        node |= {"cost_usd": float(usd), "cost_usd_exact": usd.normalize()}
        node |= {"price_source": "registry", "price_id": price_id(row)}
        node.pop("cost_note", None)
    if row.version is not None:
        graph.relate(invocation, "USES_VERSION", ("ModelVersion", version_key(row.model_id, row.version)))


def price_id(row: Row) -> str:
    """Return the key of the row's Price."""
    at = datetime.fromtimestamp(row.since / 1000, UTC).isoformat(timespec="milliseconds")
    return version_key(row.model_id, f"{at.removesuffix('+00:00')}Z")


def _rule(provider: str, name: str) -> str | None:
    try:
        return get_snapshot().find_provider_model(name, None, provider, None)[1].id
    except LookupError:
        return None
