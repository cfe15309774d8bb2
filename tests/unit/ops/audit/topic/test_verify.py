"""A whole chain from its topic: duplicates, dead letters, records that are gone, and a worker that goes on."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.model.audit_edits import Node, chain_of, event, event_of, numbers
from workers.core.errors import Rejected
from workers.core.record import ConsumedRecord, Decoded
from workers.core.stage import Stage
from workers.ops.audit.checkpoint_log import Log
from workers.ops.audit.finding import Chain, Kind, Result
from workers.ops.audit.graph import events as queries
from workers.ops.audit.topic.verify import Decoding, Part, TopicChain
from workers.ops.audit.topic.watermark import WATERMARK

PLACE = ("audit-events", 2, "1")
CHAIN = Chain(*PLACE)
NODES = chain_of([event(number, numbers(number)) for number in range(40)], PLACE)
EVENTS = [event_of(node) for node in NODES]
BAD = EVENTS[0] | {"audit_id": "bad"}


class Message:
    def __init__(self, offset: int, fields: dict[str, Any]) -> None:
        self._offset, self._fields = offset, fields

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b""

    def headers(self) -> None:
        """Return no headers."""

    def value(self) -> Any:
        return self._fields


class Topic:
    """A partition; ``dead`` are the offsets of its dead letters."""

    def __init__(self, records: list[dict[str, Any]], dead: tuple[int, ...] = ()) -> None:
        self.messages = [Message(offset, fields) for offset, fields in enumerate(records)]
        self._dead = dead

    def batches(self, begins: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[list[Message]]:
        chosen = self.messages[begins[2] : ends[2]]
        return (chosen[at : at + 3] for at in range(0, len(chosen), 3))

    def end_offsets(self) -> dict[int, int]:
        return {2: len(self._dead)}

    def between(self, _begins: Mapping[int, int], _ends: Mapping[int, int]) -> Iterator[ConsumedRecord]:
        for offset in self._dead:
            yield ConsumedRecord("dlq", 2, 0, 0, b"", b"", [("__dlq.errors.offset", str(offset).encode())])


class Graph:
    """Answers the queries of places from nodes; ``written`` is the watermark."""

    def __init__(self, nodes: list[Node], written: int) -> None:
        self._nodes, self._written = nodes, written

    async def rows(self, cypher: str, **asked: Any) -> list[dict[str, Any]]:
        if cypher == WATERMARK:
            return [{"offset": self._written, "epoch": 0}]
        if cypher == queries.LAST_SEQUENCE:
            return [{"last": max((node["sequence"] for node in self._nodes), default=0)}]
        return [{**node, "audit_id": node["id"]} for node in self._nodes if self._asked(cypher, node, asked)]

    async def values(self, cypher: str, **asked: Any) -> list[list[list[str]]]:
        assert cypher == queries.HASHES
        found = [node for node in self._nodes if self._asked(cypher, node, asked)]
        whole = [node["sequence"] for node in found] == list(range(asked["first"], asked["last"] + 1))
        return [[[node["hash"] for node in found] if whole else []]]

    def _asked(self, cypher: str, node: Node, asked: dict[str, Any]) -> bool:
        if cypher == queries.OF_IDS:
            return node["id"] in asked["ids"]
        if cypher == queries.WITH_HASH:
            return bool(node["hash"] == asked["hash"])
        return bool(asked["first"] <= node["sequence"] <= asked["last"])


class Placing(Graph):
    """The same, with the columns that a query has."""

    async def rows(self, cypher: str, **asked: Any) -> list[dict[str, Any]]:
        found = await super().rows(cypher, **asked)
        if cypher in {WATERMARK, queries.LAST_SEQUENCE}:
            return found
        columns = ["sequence", "audit_id", "event_type", "hash"]
        more = ["prev_hash", "partition", "chain_id"] if cypher == queries.OF_IDS else []
        return [{name: row[name] for name in columns + more} for row in found]


async def prepare(_messages: object) -> None:
    return None


def accept(decoded: Decoded, _key: bytes | None) -> None:
    if decoded.fields["audit_id"] == "bad":
        raise Rejected(Stage.VALIDATE, "field.missing", "bad")


async def verified(
    records: list[dict[str, Any]],
    nodes: list[Node] = NODES,
    *,
    begin: int = 0,
    dead: tuple[int, ...] = (),
    written: int | None = None,
) -> Result:
    topic: Any = Topic(records, dead)
    graph: Any = Placing(nodes, len(records) - 1 if written is None else written)
    decoding = Decoding(prepare, lambda value: Decoded("AuditEvent", value.value), accept)
    part = Part(begin, len(records), from_genesis=begin == 0)
    return await TopicChain(CHAIN, topic, topic, graph, decoding, Log(), part, lambda _: None).verify()


async def test_the_chain_of_the_topic_is_that_of_the_graph() -> None:
    result = await verified(EVENTS)
    assert (result.findings, result.records, result.head, result.hash) == ([], 40, 40, NODES[-1]["hash"])


async def test_duplicates_and_what_the_worker_rejects_are_outside_of_it() -> None:
    records = [*EVENTS[:10], EVENTS[3], BAD, *EVENTS[10:30], EVENTS[12], BAD, *EVENTS[30:], EVENTS[39]]
    assert (await verified(records)).findings == []


async def test_a_valid_record_that_became_a_dead_letter_is_outside_of_it() -> None:
    refused = EVENTS[0] | {"audit_id": "refused by the graph"}
    assert (await verified([*EVENTS[:10], refused, *EVENTS[10:]], dead=(10,))).findings == []
    assert [each.sequence for each in (await verified([*EVENTS[:10], refused, *EVENTS[10:]])).findings] == [11]


@pytest.mark.parametrize("begin", [1, 17, 39])
async def test_a_topic_without_its_oldest_records_begins_where_the_graph_has_its_first(begin: int) -> None:
    result = await verified(EVENTS, begin=begin)
    assert (result.findings, result.records, result.head) == ([], 40 - begin, 40)


async def test_duplicates_of_records_that_are_gone_add_nothing() -> None:
    records = [*EVENTS[:20], EVENTS[2], *EVENTS[20:25], EVENTS[3], *EVENTS[25:], EVENTS[1]]
    assert (await verified(records, begin=20)).findings == []
    assert (await verified(records, begin=15)).findings == []


async def test_a_duplicate_of_another_partition_adds_nothing() -> None:
    elsewhere = {**NODES[5], "id": "twice", "audit_id": "twice", "partition": 1, "sequence": 10**6}
    records = [*EVENTS[:8], event_of(elsewhere), *EVENTS[8:]]
    assert (await verified(records, [*NODES, elsewhere])).findings == []


async def test_records_that_the_graph_does_not_have_are_named_with_their_offsets() -> None:
    (finding,) = (await verified(EVENTS, NODES[:31])).findings
    assert (finding.kind, finding.sequence, finding.audit_id) == (Kind.TAIL_CUT, 32, NODES[31]["id"])
    assert "offset 31" in finding.message


async def test_a_record_that_the_topic_does_not_have_is_named_unless_the_worker_has_gone_on() -> None:
    (finding,) = (await verified(EVENTS[:35])).findings
    assert (finding.kind, finding.sequence) == (Kind.INSERTED, 36)
    assert (await verified(EVENTS[:35], written=36)).findings == []


async def test_a_topic_that_the_graph_knows_nothing_of_is_not_verified() -> None:
    (finding,) = (await verified(EVENTS, [], begin=5)).findings
    assert finding.kind is Kind.NOT_VERIFIED
