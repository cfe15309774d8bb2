"""The expected graph of telemetry, by the record contract (schemas/avro/README.md), without shared code.

``naive_model`` takes ``(record_name, fields)`` of one log in order, and returns the same shape as
``tests.model.graph_snapshot``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from tests.model.keys import span_key

Fields = Mapping[str, Any]
Node = tuple[str, str]
"""Label and key."""
ENDS = ("llm.invocation.complete", "llm.invocation.error")


COUNTED = ("prompt", "completion", "cached", "cache_write", "reasoning", "total")
BILL = ("service_tier", "token_convention", "reported_cost_usd")
TIER_KEYS = ("processing", "service_tier", "speed")
"""What genai-prices calls a service tier, provider by provider: each name has one key only."""
SAID = "said"
"""Instead of the words of a ``cost_note``."""


@dataclass
class Graph:
    """Properties by node, and ``(from, type, to, properties)``; no nulls, times in epoch milliseconds."""

    nodes: dict[Node, dict[str, Any]] = field(default_factory=dict)
    relationships: set[tuple[Node, str, Node, tuple[tuple[str, Any], ...]]] = field(default_factory=set)

    def node(self, label: str, node_key: str, **properties: Any) -> Node:
        self.nodes[label, node_key] = {name: value for name, value in properties.items() if value is not None}
        return label, node_key

    def relate(self, one: Node, kind: str, other: Node, **properties: Any) -> None:
        self.relationships.add((one, kind, other, tuple(sorted(properties.items()))))


def naive_model(log: Iterable[tuple[str, Fields]]) -> Graph:
    """Return the graph that the whole log must give."""
    graph = Graph()
    events = list(_first_of_each(fields for _, fields in log))
    for event in events:
        _model(graph, event["model_id"])
    traces: dict[str, dict[str, list[Fields]]] = {}
    for event in events:
        if event["trace_id"] and event["span_id"]:
            traces.setdefault(event["trace_id"], {}).setdefault(event["span_id"], []).append(event)
    for trace_id, spans in traces.items():
        _trace(graph, trace_id, spans)
    _errors(graph, events)
    for event in events:
        _metric(graph, event)
    return graph


def _first_of_each(log: Iterable[Fields]) -> Iterable[Fields]:
    """Return the events without copies. In its trace, an event is known by its event_id together with its event_type.

    A copy has the key of its original, the trace_id: of equal ids in two traces nobody can tell which one is the copy.
    """
    seen = set()
    for event in log:
        trace_id = event["trace_id"] if event["span_id"] else None
        known_by = (trace_id, event["event_id"], event["event_type"])
        if known_by not in seen:
            seen.add(known_by)
            yield event


def _trace(graph: Graph, trace_id: str, spans: Mapping[str, list[Fields]]) -> None:
    nodes = {span_id: _invocation(graph, trace_id, span_id, events) for span_id, events in spans.items()}
    order = sorted((graph.nodes[node]["timestamp"], span_id) for span_id, node in nodes.items())
    for (before, span_id), (after, successor) in pairwise(order):
        graph.relate(nodes[span_id], "FOLLOWED_BY", nodes[successor], duration_ms=after - before)
    for node in nodes.values():
        parent = graph.nodes[node].get("parent_span_id")
        if parent in nodes:
            graph.relate(node, "CHILD_OF", nodes[parent])


def _invocation(graph: Graph, trace_id: str, span_id: str, events: list[Fields]) -> Node:
    by_time = sorted(events, key=lambda event: event["timestamp"])  # stable: the log's order between equals
    start = next((event for event in by_time if event["event_type"] == "llm.invocation.start"), None)
    end = next((e for e in reversed(by_time) if e["event_type"] in ENDS), None)
    tokens = next((e for e in reversed(by_time) if e["event_type"] == "llm.tokens.consumed"), None)
    told = end or start or by_time[0]
    timestamp = by_time[0]["timestamp"]
    if start:
        timestamp = start["timestamp"]
    elif end:
        timestamp = round(end["timestamp"] - max(end["latency_ms"], 0))

    def stated(name: str) -> Any:
        values = [event[name] for event in (end, start) if event and event[name]]
        return next((value for value in values if (name, value) != ("parent_span_id", span_id)), None)

    metadata = [event["metadata"] for event in (end, start) if event]
    status = end["status"] if end else "STARTED"
    bill = {name: _of_bill(name, tokens, end, start) for name in BILL}
    counted = _inclusive(tokens or end or {}, bill.pop("token_convention") or "auto")
    node = graph.node(
        "Invocation",
        span_key(trace_id, span_id),
        key=span_key(trace_id, span_id),
        id=events[0]["event_id"],
        trace_id=trace_id,
        span_id=span_id,
        status="ERROR" if end and end["event_type"] == "llm.invocation.error" and status == "SUCCESS" else status,
        timestamp=timestamp,
        model_id=told["model_id"],
        provider=told["provider"],
        token_count=end and end["token_count"],
        latency_ms=end and max(end["latency_ms"], 0),
        latency_clamped=_negative(end["latency_ms"] if end else None),
        parent_span_id=stated("parent_span_id"),
        **{name: stated(name) for name in ("session_id", "user_id", "model_version")},
        **{name: next((each[name] for each in metadata if each.get(name)), None) for name in ("use_case", "team")},
        **counted,
        **bill,
        **_price((told["provider"], told["model_id"]), timestamp, counted, bill),
    )
    graph.relate(node, "USES_MODEL", ("Model", told["model_id"]))
    return node


def _of_bill(name: str, tokens: Fields | None, end: Fields | None, start: Fields | None) -> Any:
    """Return what is said about the bill: by the token event, else the end, else the start, which knows no cost."""
    known = [event for event in (tokens, end, start if name != "reported_cost_usd" else None) if event]
    said = [event.get(name) or (name == "token_convention" and event["metadata"].get(name)) or None for event in known]
    if name == "reported_cost_usd":
        said = [event.get(name) for event in known]
    return next((value for value in said if value is not None), None)


def _inclusive(sent: Fields, declared: str) -> dict[str, Any]:
    """Return the counts with all parts in their wholes; or as sent, where no way of counting fits."""
    counted = {f"{kind}_tokens": sent.get(f"{kind}_tokens") for kind in COUNTED}
    prompt, completion = counted["prompt_tokens"], counted["completion_tokens"]
    if prompt is None or completion is None:
        return counted
    cached = (counted["cached_tokens"] or 0) + (counted["cache_write_tokens"] or 0)
    reasoning, total = counted["reasoning_tokens"] or 0, counted["total_tokens"]
    wholes = {
        "inclusive": (prompt, completion),
        "anthropic": (prompt + cached, completion),
        "gemini": (prompt, completion + reasoning),
    }

    def is_possible(way: str) -> bool:
        of_input, of_output = wholes[way]
        sums = (None, 0, prompt + completion, of_input + of_output)
        return cached <= of_input and reasoning <= of_output and total in sums

    if declared == "auto" and is_possible("inclusive"):
        return counted
    ways = [way for way in wholes if is_possible(way) and declared in ("auto", way)]
    if len(ways) != 1:
        return counted | {"token_convention": "contradictory"}
    of_input, of_output = wholes[ways[0]]
    if (of_input, of_output) != (prompt, completion):
        counted["total_tokens"] = of_input + of_output
    return counted | {"prompt_tokens": of_input, "completion_tokens": of_output, "token_convention": ways[0]}


def _price(
    named: tuple[str, str], timestamp: int, counted: Mapping[str, Any], bill: Mapping[str, Any]
) -> dict[str, Any]:
    (provider, model_id), reported = named, bill["reported_cost_usd"]
    prompt, completion = counted["prompt_tokens"], counted["completion_tokens"]
    billed: dict[str, Any] = {}
    if reported is not None:
        amount = Decimal(repr(reported)).normalize()
        billed = {"cost_usd": reported, "cost_usd_exact": amount, "price_source": "reported"}
    if prompt is None or completion is None:
        return billed
    billed = {"price_source": "none", "cost_note": SAID, **billed}
    if counted.get("token_convention") == "contradictory":
        return billed
    priced: dict[str, Any] = {}
    if window := _card(model_id).get("context_window"):
        priced["context_utilization"] = (prompt + completion) / window
    usage = Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=counted["cached_tokens"] or 0,
        cache_write_tokens=counted["cache_write_tokens"] or 0,
        output_reasoning_tokens=counted["reasoning_tokens"] or 0,
    )
    at = datetime.fromtimestamp(timestamp / 1000, UTC)
    tier = dict.fromkeys(TIER_KEYS, bill["service_tier"]) if bill["service_tier"] else {}
    try:
        price = calc_price(usage, model_id, provider_id=provider, genai_request_timestamp=at, price_context=tier)
    except LookupError:
        return priced | billed
    usd = price.total_price
    return priced | {"cost_usd": float(usd), "cost_usd_exact": usd.normalize(), "price_source": "genai-prices"}


def _model(graph: Graph, model_id: str) -> None:
    graph.node("Model", model_id, model_id=model_id, stub=True, **_card(model_id))


def _card(model_id: str) -> dict[str, Any]:
    try:
        _, model = get_snapshot().find_provider_model(model_id, None, None, None)
    except LookupError:
        return {}
    return {"name": model.name, "context_window": model.context_window}


def _errors(graph: Graph, events: list[Fields]) -> None:
    errors = [event for event in events if event["event_type"] == "llm.error.occurred"]
    for error in errors:
        names = ("error_type", "message", "severity", "caused_by", "timestamp", "model_id", "provider")
        shown = {name: error[name] or None if name == "caused_by" else error[name] for name in names}
        origin = {"trace_id": error["trace_id"], "span_id": error["span_id"]}
        node = graph.node("Error", error["event_id"], id=error["event_id"], **shown, **origin)
        graph.relate(("Invocation", span_key(error["trace_id"], error["span_id"])), "CAUSED_ERROR", node)
    _triggers(graph, errors)


def _triggers(graph: Graph, errors: list[Fields]) -> None:
    places: dict[str, set[int]] = {}  # to compare each with the few that it may have to do with, not with all
    for place, error in enumerate(errors):
        for name in (error["trace_id"], error["event_id"]):
            places.setdefault(name, set()).add(place)
    for later, error in enumerate(errors):
        for earlier in places[error["trace_id"]] | places.get(error["caused_by"] or "", set()):
            cause = errors[earlier]
            same_trace = error["trace_id"] == cause["trace_id"]
            named = error["caused_by"] == cause["event_id"] and (same_trace or earlier < later)
            raiser = graph.nodes["Invocation", span_key(cause["trace_id"], cause["span_id"])]
            by_child = same_trace and raiser.get("parent_span_id") == error["span_id"]
            if error is not cause and (named or by_child):
                graph.relate(("Error", error["event_id"]), "TRIGGERED_BY", ("Error", cause["event_id"]))


def _metric(graph: Graph, event: Fields) -> None:
    model_id, event_id = event["model_id"], event["event_id"]
    if ("PerformanceMetric", event_id) in graph.nodes:  # of a measurement of another type with this id
        event_id += f"#{event['event_type']}"
    common = {"id": event_id, "model_id": model_id, "timestamp": event["timestamp"]}
    if event["event_type"] == "llm.latency.measured":
        own = {
            "metric_type": event["metric_type"],
            "value": max(event["value_ms"], 0),
            "percentile": event["percentile"],
        }
        own["latency_clamped"] = _negative(event["value_ms"])
        node = graph.node("PerformanceMetric", event_id, **common, **own)
        graph.relate(("Invocation", span_key(event["trace_id"], event["span_id"])), "HAS_METRIC", node)
    elif event["event_type"] in ("llm.metrics.aggregated", "llm.performance.daily_summary"):
        names = ("provider", "window_start", "window_end", "total_invocations")
        figures = ("avg_latency_ms", "p95_latency_ms", "error_rate")
        latencies = {name: None if event[name] is None else max(event[name], 0) for name in figures}
        own = {name: event[name] for name in names} | latencies | {"value": latencies["avg_latency_ms"]}
        own["latency_clamped"] = _negative(event["avg_latency_ms"], event["p95_latency_ms"])
        kind = event["event_type"].rpartition(".")[2]
        node = graph.node("PerformanceMetric", event_id, metric_type=kind, **common, **own)
        graph.relate(("Model", model_id), "HAS_METRIC", node)


def _negative(*latencies: float | None) -> bool | None:
    return True if any(latency is not None and latency < 0 for latency in latencies) else None


def same_money(exact: str) -> Decimal:
    """Return ``cost_usd_exact`` in the model's form: a normalised decimal."""
    return Decimal(exact).normalize()
