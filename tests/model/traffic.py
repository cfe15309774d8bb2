"""Random telemetry with all difficulties that the record contract allows: late, repeated, incomplete, conflicting.

Not realistic (``workers.dev.sample`` is): few times, so that many are equal, and ids may name any span.
"""

from random import Random
from typing import Any

NAMESPACE = "com.llm.observatory.events"
BEGINS = 1_700_000_000_000
"""2023-11-14T22:13:20Z, in milliseconds."""
TIMES = (0, 1, 2, 1_000, 2_000, 8_200_000, 8_200_001, 8_202_000)
"""Few offsets, on both sides of a price change half an hour after midnight."""
METADATA: tuple[dict[str, str], ...] = (
    {},
    {"use_case": "", "team": ""},
    {"use_case": "chat"},
    {"use_case": "summary", "team": "search"},
    {"team": "support"},
    {"token_convention": "gemini"},
)
MODELS = (
    ("anthropic", "claude-3-5-sonnet"),
    ("anthropic", "claude-opus-4-8"),
    ("deepseek", "deepseek-chat"),
    ("google", "gemini-1.5-pro"),
    ("acme", "own"),
)
"""Prices: plain, by the service tier ``fast``, by the time of day, by the prompt's size, none."""
SERVICE_TIERS = (None, "standard", "batch", "flex", "priority", "fast", "fast")

SPANS = ("s0", "s1", "s2", "s1/s2", "s1%2Fs2", "%")
"""With traces that end in ``/s1``: names that would be one key if they were only joined."""

Sent = tuple[str, dict[str, Any]]


def seeded(seed: int) -> Random:
    """Return a random generator for the seed."""
    return Random(seed)  # noqa: S311 - chance for tests guards no secret


def traffic(random: Random, traces: int, name: str = "t") -> list[Sent]:
    """Return the log: ``(record_name, fields)`` of all records. ``name`` is part of every id, model_ids included."""
    maker = Maker(random, name)
    for trace in range(traces):
        maker.trace(trace_id(name, trace))
    for _ in range(random.randint(0, 2)):
        maker.send("LLMMetricsEvent", maker.aggregate(None, None))
    log = maker.log
    log += [random.choice(log) for _ in range(len(log) // 5)]
    for _ in range(random.randint(0, 6) if log else 0):
        record_name, clashing = random.choice([sent for sent in log if sent[1]["trace_id"]] or log)
        earlier = random.choice([fields for _, fields in log if fields["trace_id"] == clashing["trace_id"]])
        log.append((record_name, clashing | {"event_id": earlier["event_id"]}))
    random.shuffle(log)
    return log


def trace_id(name: str, number: int) -> str:
    """Return the id of a trace of ``traffic``."""
    return f"{name}-{number // 2}{'/s1' if number % 2 else ''}"


class Maker:
    """Makes one trace's events at a time; causes may be in earlier traces."""

    def __init__(self, random: Random, name: str) -> None:
        self.random = random
        self.name = name
        self.log: list[Sent] = []
        self.errors: list[str] = []
        self.made = 0

    def send(self, record: str, fields: dict[str, Any]) -> None:
        self.log.append((f"{NAMESPACE}.{record}", fields))
        if record == "LLMErrorEvent":
            self.errors.append(fields["event_id"])

    def trace(self, trace_id: str) -> None:
        spans = self.random.sample(SPANS, self.random.randint(1, 6))
        for span_id in spans:
            for _ in range(self.random.choice((0, 1, 1, 1, 2))):
                self.send("LLMInvocationEvent", self.invocation(trace_id, span_id, spans, "start"))
            for _ in range(self.random.choice((0, 1, 1, 1, 2))):
                kind = self.random.choice(("complete", "complete", "error"))
                self.send("LLMInvocationEvent", self.invocation(trace_id, span_id, spans, kind))
            for _ in range(self.random.choice((0, 0, 1, 2))):
                self.send("LLMTokenEvent", self.tokens(trace_id, span_id))
            for _ in range(self.random.choice((0, 0, 1))):
                self.send("LLMLatencyEvent", self.latency(trace_id, span_id))
            for _ in range(self.random.choice((0, 0, 1, 2))):
                self.send("LLMErrorEvent", self.error(trace_id, span_id))
            if self.random.random() < 0.1:
                self.send("LLMMetricsEvent", self.aggregate(trace_id, span_id))

    def common(self, event_type: str, trace_id: str | None, span_id: str | None) -> dict[str, Any]:
        self.made += 1
        provider, model = self.random.choice(MODELS[:3] if self.random.random() < 0.8 else MODELS)
        return {
            "event_id": f"{self.name}-e{self.made}",
            "event_type": event_type,
            "timestamp": BEGINS + self.random.choice(TIMES),
            "model_id": f"{model}-{self.name}",
            "provider": provider,
            "trace_id": trace_id,
            "span_id": span_id,
            "metadata": {"sdk": "any"},
        }

    def invocation(self, trace_id: str, span_id: str, spans: list[str], kind: str) -> dict[str, Any]:
        counted = self.random.random() < 0.6
        return self.common(f"llm.invocation.{kind}", trace_id, span_id) | {
            "token_count": self.random.randint(0, 9),
            "latency_ms": self.random.choice((0.0, 0.5, 1.5, 1_000.0, 12.25, -3.0)),
            "status": self.random.choice(("SUCCESS", "SUCCESS", "ERROR", "TIMEOUT")),
            "parent_span_id": self.random.choice((None, "", "nowhere", *spans)),
            "session_id": self.random.choice((None, "", "session")),
            "user_id": self.random.choice((None, "anna", "ben")),
            "model_version": self.random.choice((None, "2024-01-01")),
            "prompt_tokens": self.random.choice((0, 17, 200_000)) if counted else None,
            "completion_tokens": self.random.choice((0, 23)) if self.random.random() < 0.9 else None,
            "prompt": "keep this out",
            "completion": "and this",
            "classification": "secret",
            "metadata": self.random.choice(METADATA),
            **self.bill(),
        }

    def tokens(self, trace_id: str, span_id: str) -> dict[str, Any]:
        prompt, completion = self.random.choice((10, 50_000, 200_000)), self.random.randint(10, 99)
        cached, written = self.random.choice((None, 0, 10, 50_000)), self.random.choice((None, None, 7, 1_000))
        reasoning, both = self.random.choice((None, 0, 10, 300)), prompt + completion
        totals = (both, both, both + (cached or 0) + (written or 0), both + (reasoning or 0), 0, both - 1)
        return (
            self.common("llm.tokens.consumed", trace_id, span_id)
            | {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "cached_tokens": cached,
                "cache_write_tokens": written,
                "reasoning_tokens": reasoning,
                "total_tokens": self.random.choice(totals),
                "metadata": self.random.choice(({"sdk": "any"}, {"token_convention": "anthropic"})),
            }
            | self.bill()
        )

    def bill(self) -> dict[str, Any]:
        """What few events say: how tokens are counted, and what was billed."""
        if self.random.random() < 0.6:
            return {"service_tier": None, "token_convention": None, "reported_cost_usd": None}
        return {
            "service_tier": self.random.choice(SERVICE_TIERS),
            "token_convention": self.random.choice((None, "auto", "inclusive", "anthropic", "gemini")),
            "reported_cost_usd": self.random.choice((None, 0.0, 0.0165)),
        }

    def latency(self, trace_id: str, span_id: str) -> dict[str, Any]:
        return self.common("llm.latency.measured", trace_id, span_id) | {
            "metric_type": "latency",
            "value_ms": self.random.choice((0.0, 12.5, -0.5)),
            "percentile": self.random.choice((None, 95.0)),
        }

    def error(self, trace_id: str, span_id: str) -> dict[str, Any]:
        any_event = f"{self.name}-e{self.random.randint(1, self.made + 20)}"
        return self.common("llm.error.occurred", trace_id, span_id) | {
            "error_type": self.random.choice(("overloaded_error", "timeout")),
            "message": "The provider is overloaded.",
            "severity": "medium",
            "caused_by": self.random.choice((None, "", any_event, self._an_error())),
        }

    def aggregate(self, trace_id: str | None, span_id: str | None) -> dict[str, Any]:
        kind = self.random.choice(("llm.metrics.aggregated", "llm.performance.daily_summary"))
        return self.common(kind, trace_id, span_id) | {
            "window_start": BEGINS,
            "window_end": BEGINS + 300_000,
            "total_invocations": self.random.randint(0, 99),
            "avg_latency_ms": self.random.choice((120.5, -3.0)),
            "p95_latency_ms": self.random.choice((None, 300.0, -1.0)),
            "error_rate": 0.25,
        }

    def _an_error(self) -> str | None:
        return self.random.choice(self.errors) if self.errors else None
