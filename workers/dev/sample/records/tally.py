"""The counts of produced records, and what they add to the graph."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.dev.sample.records.counting import convention_of
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import ERROR, INVOCATION, LATENCY, TOKENS, Sampled


@dataclass(slots=True)
class Tally:
    """Counts the records; ``expected`` is what their traces add to the graph."""

    by_type: Counter[str] = field(default_factory=Counter)
    poison: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    roots: int = 0
    tokens: int = 0
    _failed: set[tuple[str, str]] = field(default_factory=set)
    _parents_of_failed: list[tuple[str, str]] = field(default_factory=list)

    def count(self, item: Sampled | Poison) -> None:
        """Count one record."""
        if isinstance(item, Poison):
            self.poison[item.kind.value] += 1
            return
        fields = item.fields
        self.by_type[fields["event_type"]] += 1
        self.names[item.record_name] += 1
        if item.record_name == INVOCATION:
            if fields["event_type"] == "llm.invocation.start":
                self.roots += fields["parent_span_id"] is None
            else:
                self._count_end(item.key, fields)
        elif item.record_name == TOKENS:
            self.tokens += _all_tokens(fields)

    def _count_end(self, trace_id: str, fields: Mapping[str, Any]) -> None:
        self.statuses[fields["status"]] += 1
        if fields["status"] != "SUCCESS":
            self._failed.add((trace_id, fields["span_id"]))
            self._parents_of_failed.append((trace_id, fields["parent_span_id"]))

    @property
    def records(self) -> int:
        """All records, bad ones included."""
        return self.names.total() + self.poison.total()

    @property
    def invocations(self) -> int:
        """Distinct spans: each has one start record."""
        return self.by_type["llm.invocation.start"]

    @property
    def expected(self) -> dict[str, int]:
        """What the records add to the graph: nodes by label and status, relationships by type, sums by property."""
        return {
            "Invocation": self.invocations,
            **{f"Invocation {status}": count for status, count in sorted(self.statuses.items())},
            "FOLLOWED_BY": self.invocations - self.roots,
            "CHILD_OF": self.invocations - self.roots,
            "USES_MODEL": self.invocations,
            "HAS_METRIC": self.names[LATENCY],
            "CAUSED_ERROR": self.names[ERROR],
            "TRIGGERED_BY": sum(parent in self._failed for parent in self._parents_of_failed),
            "total_tokens": self.tokens,
        }

    def as_data(self) -> dict[str, Any]:
        """Return everything, for a program to read."""
        return {
            "records": self.records,
            "records_by_type": dict(sorted(self.by_type.items())),
            "poison": self.poison.total(),
            "poison_by_kind": dict(sorted(self.poison.items())),
            "traces": self.roots,
            "invocations": self.invocations,
            "expected": self.expected,
        }


def _all_tokens(fields: Mapping[str, Any]) -> int:
    """Return the tokens of a token event, with those that its provider leaves out."""
    total: int = fields["total_tokens"]
    if convention_of(fields) == "anthropic":
        total += (fields["cached_tokens"] or 0) + (fields["cache_write_tokens"] or 0)
    return total
