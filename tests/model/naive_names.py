"""What the names of models mean, by the contract, without shared code: one Model for each model, as of a call's time.

``registered`` is made of the registry's change events, in the order of their log; ``naive_names`` moves what a naive
graph of telemetry has at the names to the Models that they mean.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from genai_prices.data_snapshot import get_snapshot

from tests.model.naive_model import Graph
from tests.model.registry_source import Change

Pair = tuple[str, str]
"""Provider and name, as an event has them."""


SPELLINGS = {
    **dict.fromkeys(("azure", "azure.ai.openai", "az.ai.openai", "azure_openai"), "azure"),
    **dict.fromkeys(("google", "gcp.gemini", "vertex_ai"), "google"),
    **dict.fromkeys(("aws", "aws.bedrock", "bedrock"), "aws"),
    **dict.fromkeys(("openai",), "openai"),
    **dict.fromkeys(("anthropic",), "anthropic"),
}
"""The names of providers in OpenTelemetry, LiteLLM and elsewhere, in lower case, with the one that they all mean."""
GATEWAYS = ("litellm",)
"""What sends calls on to a provider that it writes before the model."""


@dataclass
class Registered:
    """A model: its provider, and the aliases of each of its rows by the time from which they hold."""

    provider: str = ""
    rows: dict[int, dict[int, list[str]]] = field(default_factory=dict)

    def aliases(self, at: int) -> list[str]:
        """Return the aliases at a time: of the row in force, what was last said of it by then."""
        begun = [since for since in self.rows if since <= at]
        if not begun:
            return []
        said = self.rows[max(begun)]
        return said[max(time for time in said if time <= at)]

    def times(self) -> set[int]:
        return {*self.rows, *(time for said in self.rows.values() for time in said)}


def registered(log: Iterable[Change]) -> dict[str, Registered]:
    """Return the models by id. A deleted one keeps its names: its calls are still its own."""
    models: dict[str, Registered] = {}
    for _, fields in log:
        if fields["source"]["table"] == "models" and fields["op"] != "d":
            row, committed = fields["after"], fields["source"]["ts_ms"]
            model = models.setdefault(row["model_id"], Registered())
            model.provider = row["provider"]
            since = int(datetime.fromisoformat(row["effective_from"]).timestamp() * 1000)
            _say(model.rows, since, committed, json.loads(row["metadata"]).get("aliases", []))
    return models


def _say(rows: dict[int, dict[int, list[str]]], since: int, committed: int, names: list[str]) -> None:
    """Note the aliases of a row: new ones of a known row hold from their commit, unless that row was over by then."""
    said = rows.setdefault(since, {})
    if said and said[max(said)] == names:
        return
    if not said or committed <= since or any(since < later <= committed for later in rows):
        said.clear()
        said[since] = names
    else:
        said[committed] = names


def naive_used_model(models: Mapping[str, Registered], pair: Pair, at: int) -> str | None:
    """Return the id of the model that a provider's name means at a time; ``None`` where it means none."""
    called = list(_called(*pair))
    for seller, name in called:
        own = {model_id: model for model_id, model in models.items() if _seller(model.provider) == seller}
        for each in filter(None, (name, _rule(seller, name))):
            if each in own:
                return each
            if bearers := _bearers(own, each, at):
                return bearers[0]
    for each in filter(None, (pair[1], *(name for _, name in called), *(_rule(*named) for named in called))):
        if each in models:
            return each
        if len(bearers := _bearers(models, each, at)) == 1:
            return bearers[0]
    return None


def _seller(provider: str) -> str:
    return SPELLINGS.get(provider.lower(), provider)


def _called(provider: str, name: str) -> Iterable[Pair]:
    """Return what a name can mean, with its seller: a gateway, or a provider itself, may be named before the model."""
    seller = _seller(provider)
    yield seller, name
    before, slash, rest = name.partition("/")
    if slash and before in SPELLINGS and (seller in GATEWAYS or _seller(before) == seller):
        yield _seller(before), rest
    elif slash and before == "models" and seller == "google":
        yield seller, rest


def _bearers(models: Mapping[str, Registered], alias: str, at: int) -> list[str]:
    """Return who has an alias at a time; where nobody has, who gets it next."""
    times = sorted({time for model in models.values() for time in model.times() if time > at})
    for time in (at, *times):
        if found := sorted(model_id for model_id, model in models.items() if alias in model.aliases(time)):
            return found
    return []


def naive_names(graph: Graph, models: Mapping[str, Registered], named: Iterable[Pair]) -> Graph:
    """Return the relationships to Models, and the stubs: names that at some time mean none of the registry's."""
    shown = Graph()
    for one, kind, other, _ in graph.relationships:
        if kind == "USES_MODEL":
            call = graph.nodes[one]
            shown.relate(one, kind, ("Model", _used(models, call)))
        elif kind == "HAS_METRIC" and one[0] == "Model":
            shown.relate(("Model", _used(models, graph.nodes[other])), kind, other)
    times = {0, *(time for model in models.values() for time in model.times())}
    for pair in named:
        if any(naive_used_model(models, pair, time) is None for time in times):
            shown.node("Model", pair[1], stub=True)
    return shown


def _used(models: Mapping[str, Registered], node: Mapping[str, Any]) -> str:
    return naive_used_model(models, (node["provider"], node["model_id"]), node["timestamp"]) or node["model_id"]


def _rule(provider: str, name: str) -> str | None:
    try:
        return get_snapshot().find_provider_model(name, None, provider, None)[1].id
    except LookupError:
        return None
