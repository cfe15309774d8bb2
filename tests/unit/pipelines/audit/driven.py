"""The worker over fakes, with a graph that keeps chains and events as the worker's Cypher stores them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.model import naive_chain
from tests.unit.pipelines.audit.records import AT, RECORD, fields
from workers.core.record import ConsumedRecord
from workers.core.statement import Statement
from workers.engine.state.known_keys import KnownKeys
from workers.pipelines.audit.events import Event
from workers.pipelines.audit.fold.chain import Chain
from workers.pipelines.audit.options import AuditOptions
from workers.pipelines.audit.worker import AUDIT, build
from workers.pipelines.audit.write import statements as write
from workers.testing import PARTITION, WorkerUnderTest, record

OPTIONS = AuditOptions(topic="audit-events", group="memory-graph-audit")


def named(template: Any, statement: Statement) -> list[dict[str, Any]]:
    """Return the rows of a statement with the names of their columns."""
    return [dict(zip(template.columns, row, strict=True)) for row in statement.rows if statement.name == template.name]


class AuditUnderTest(WorkerUnderTest[Event, Chain]):
    """The audit worker. ``events`` are the AuditEvents of the graph, in the order in which they were created."""

    def __init__(self, options: AuditOptions = OPTIONS) -> None:
        self.offset = 0
        self.refused: set[str] = set()
        super().__init__(build(options, has_api=False), AUDIT.metrics)
        self.graph.refuses = self._violates
        self.clock.now = AT / 1_000

    def _violates(self, statements: Sequence[Statement]) -> bool:
        """Tell whether an AuditEvent is there already, because its id is unique, or one of ``refused``."""
        there = self.refused | {each["audit_id"] for each in self.events}
        return any(row["audit_id"] in there for each in statements for row in named(write.EVENTS, each))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [row for each in self.graph.written for row in named(write.EVENTS, each)]

    @property
    def chains(self) -> list[dict[str, Any]]:
        return [row for each in self.graph.written for row in named(write.CHAINS, each)]

    async def read_ids(self) -> None:
        """Give the worker a filter of the ids that the graph has now, and a new claim that it covers."""

        async def next_ids(after: str) -> Sequence[str]:
            return sorted(each["audit_id"] for each in self.events if each["audit_id"] > after)[:2]

        known = KnownKeys(next_ids, 1_000)
        self.sinks = replace(self.sinks, known=known)
        self.claim()
        await known.read(self.sinks.states.claims)

    async def take(self, *records: ConsumedRecord) -> None:
        """Run a batch, then let the graph's queries find what it wrote."""
        await self.run_batch(records)
        self.graph.states.update({each["audit_id"]: [each["event_type"]] for each in self.events})
        self.graph.states.update({each["id"]: [each["length"], each["head"]] for each in self.chains})

    def next(self, *args: Any, **other: Any) -> ConsumedRecord:
        """Return the next record of the partition."""
        self.offset += 1
        content = fields(*args, **other)
        key = content["content_id"] or content["user_id"]
        return record(RECORD, content, key=key and key.encode(), offset=self.offset - 1)

    def hashes(self) -> list[str]:
        return [each["hash"] for each in self.events]


def expected(sent: Sequence[Mapping[str, Any]], chain_id: str = "1") -> list[str]:
    """Return the hashes of a chain by the second implementation."""
    return naive_chain.hashes(PARTITION.topic, PARTITION.partition, sent, chain_id)
