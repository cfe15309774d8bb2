"""The records: made once, encoded once, and the same for every contestant."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from workers.adapters.avro.encoder import AvroEncoder
from workers.core.errors import Misconfigured
from workers.core.node_key import invocation_key
from workers.dev.sample.audit.contents import contents
from workers.dev.sample.audit.stream import RECORD as AUDIT_EVENT
from workers.dev.sample.audit.stream import audit
from workers.dev.sample.calls.source import imitated, length_ms
from workers.dev.sample.records.sampled import ERROR, INVOCATION, LATENCY, METRICS, Sampled
from workers.dev.sample.records.tally import Tally
from workers.dev.sample.stream import telemetry

COMPLETE = "complete"
MIX = "mix"
LATE = "late"
VAULT = "vault"
RECORD_SETS: Mapping[str, str] = {
    COMPLETE: "invocation-complete only, each in a trace of its own: everybody draws the same graph",
    MIX: "the telemetry mix of the demo: starts, ends, tokens, latencies, errors and aggregates of whole traces",
    LATE: "as complete, but every tenth record has the tokens of a call that ended 10,000 records before",
    VAULT: "audit events about the prompts and completions of whole traces, as of the demo, for the audit worker",
}
LATE_AFTER, ONE_LATE_IN = 10_000, 10
COMPLETE_PER_CALL = 0.9
"""Minimum share of calls that succeed; in the sample, 3 to 4 % fail."""
RECORDS_PER_CALL = 4.45
HOUR_MS = 3_600_000


class BenchRecord(NamedTuple):
    """A record to produce. ``decides`` is the key of the Invocation that it ends, if any."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes | None]]
    decides: str | None


@dataclass(slots=True)
class Nodes:
    """Keys of the nodes that the records create, by label.

    These nodes are counted after a round, then deleted.
    """

    invocations: set[str] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    audit_events: set[str] = field(default_factory=set)

    def note(self, record: Sampled) -> None:
        """Add the keys of the nodes that a record creates."""
        fields = record.fields
        if record.record_name == AUDIT_EVENT:
            self.audit_events.add(fields["audit_id"])
            return
        if fields["trace_id"]:
            self.invocations.add(invocation_key(fields["trace_id"], fields["span_id"]))
        if record.record_name in {LATENCY, METRICS}:
            self.metrics.add(fields["event_id"])
        if record.record_name == ERROR:
            self.errors.add(fields["event_id"])


@dataclass(slots=True)
class RecordSet:
    """Encoded records in the order of producing, and what they add to the graph."""

    name: str
    records: list[BenchRecord] = field(default_factory=list)
    nodes: Nodes = field(default_factory=Nodes)
    tally: Tally = field(default_factory=Tally)

    @property
    def expected(self) -> dict[str, int]:
        """Counts by label and relationship type."""
        if self.name == VAULT:
            return {"AuditEvent": len(self.records)}
        if self.name in {COMPLETE, LATE}:  # Tally counts by start records, which are not there
            ends = sum(record.decides is not None for record in self.records)
            return {"Invocation": ends, "USES_MODEL": ends}
        return {
            name: count for name, count in self.tally.expected.items() if " " not in name and name != "total_tokens"
        }


def sampled(name: str, events: int, seed: int) -> Iterator[Sampled]:
    """Make about ``events`` records of a set, the newest an hour old. Raises ``Misconfigured``."""
    if name == COMPLETE:
        return islice(alone(_telemetry(int(events / COMPLETE_PER_CALL) + 1, seed)), events)
    if name == LATE:
        return islice(with_late_tokens(_telemetry(int(events / COMPLETE_PER_CALL) + 1, seed)), events)
    if name == MIX:
        return _telemetry(max(1, round(events / RECORDS_PER_CALL)), seed)
    if name == VAULT:
        calls = list(contents(_telemetry(2 * events, seed)))  # the vault keeps only some of the contents
        return islice(audit(calls, seed=seed), events)
    raise Misconfigured(f"there is no record set {name!r}; there are: {', '.join(RECORD_SETS)}")


def alone(records: Iterable[Sampled]) -> Iterator[Sampled]:
    """Keep only the ends of successful calls, each in its own trace."""
    for record in records:
        if record.fields["event_type"] == "llm.invocation.complete":
            trace_id = record.fields["event_id"].replace("-", "")
            fields = {**record.fields, "trace_id": trace_id, "parent_span_id": None}
            yield Sampled(INVOCATION, fields, trace_id)


def with_late_tokens(records: Iterable[Sampled]) -> Iterator[Sampled]:
    """Keep ends as ``alone`` does; after nine of them comes the token record of a call long before."""
    tokens: dict[str, Sampled] = {}
    late: deque[tuple[int, Sampled]] = deque()
    ends = 0
    for record in records:
        if record.fields["event_type"] == "llm.tokens.consumed":
            tokens[record.fields["span_id"]] = record
        for end in alone([record]):
            ends += 1
            yield end
            found = tokens.pop(end.fields["span_id"], None)
            if found is None or ends % (ONE_LATE_IN - 1):
                continue
            fields = {**found.fields, "trace_id": end.fields["trace_id"]}
            late.append((ends + LATE_AFTER, Sampled(found.record_name, fields, end.fields["trace_id"])))
            if late[0][0] <= ends:
                yield late.popleft()[1]


def _telemetry(calls: int, seed: int) -> Iterator[Sampled]:
    end_ms = int(time.time() * 1000) - HOUR_MS  # another time gives other ids: no run meets an earlier one's
    source = imitated(calls, seed, end_ms - length_ms(calls, seed))
    return telemetry(source.calls, source=source.name, seed=seed)


async def encode(sampled_record: Sampled, topic: str, encoder: AvroEncoder) -> BenchRecord:
    """Encode one record under the subjects of ``topic``."""
    name, fields, key = sampled_record
    value = await encoder.encode(topic, name, fields)
    if name == AUDIT_EVENT:
        return BenchRecord(key.encode(), value, [], fields["audit_id"])
    trace_id, span_id = fields["trace_id"], fields["span_id"]
    ends = name == INVOCATION and fields["event_type"] != "llm.invocation.start"
    headers: list[tuple[str, bytes | None]] = []
    if trace_id and span_id:  # as an instrumented producer sends it
        headers.append(("traceparent", f"00-{trace_id}-{span_id}-01".encode()))
    return BenchRecord(key.encode(), value, headers, invocation_key(trace_id, span_id) if ends else None)


async def make(name: str, events: int, seed: int, topic: str, encoder: AvroEncoder) -> RecordSet:
    """Make and encode a whole record set."""
    made = RecordSet(name)
    for record in sampled(name, events, seed):
        if name != VAULT:
            made.tally.count(record)
        made.nodes.note(record)
        made.records.append(await encode(record, topic, encoder))
    return made
