"""Chains in a real graph, written as their description says, and edited node by node."""

from collections.abc import Iterable
from uuid import uuid4

from tests.model.audit_edits import Node, chain_of, event, numbers
from workers.adapters.graph.connection import GraphConnection

REMOVE = "UNWIND $ids AS id MATCH (e:AuditEvent {id: id}) DETACH DELETE e"
# First out of the way, because a place in the chain is unique.
ASIDE = "UNWIND $ids AS id MATCH (e:AuditEvent {id: id}) SET e.sequence = -1 - e.sequence"
WRITE = """
UNWIND $nodes AS node
MERGE (e:AuditEvent {id: node.id})
SET e = node, e.timestamp = datetime({epochMillis: node.timestamp}), e.topic = $topic
"""
# A renumbered chain has thousands of changed records, each in one property.
CHANGE = "UNWIND $changes AS change MATCH (e:AuditEvent {id: change.id}) SET e += change.properties"
HEAD = """
UNWIND $heads AS head
MERGE (c:AuditChain {id: $topic + '/' + toString(head.partition) + '/1'})
SET c += head, c.topic = $topic, c.chain_id = '1', c.began_at = datetime()
"""


class Chains:
    """Chains of a topic of their own; ``nodes`` has those of each partition, as they were written."""

    def __init__(self, graph: GraphConnection, partitions: int, events: int) -> None:
        self.topic = f"audit-{uuid4().hex[:8]}"
        self._graph = graph
        self.nodes: dict[int, list[Node]] = {
            number: chain_of(
                [
                    {**event(at, numbers(at), number), "audit_id": f"{self.topic}-{number}-{at:05}"}
                    for at in range(events)
                ],
                (self.topic, number, "1"),
            )
            for number in range(partitions)
        }

    async def write(self) -> None:
        """Write everything, with the heads as the worker keeps them."""
        for nodes in self.nodes.values():
            await self._graph.rows(WRITE, nodes=nodes, topic=self.topic)
        heads = [
            {"partition": number, "length": len(nodes), "head": nodes[-1]["hash"]}
            for number, nodes in self.nodes.items()
        ]
        await self._graph.rows(HEAD, heads=heads, topic=self.topic)

    async def change(self, before: Iterable[Node], after: Iterable[Node]) -> None:
        """Change the graph from one list of nodes to another."""
        old, new = ({each["id"]: each for each in nodes} for nodes in (before, after))
        made = [node for name, node in new.items() if old.get(name, {}).get("timestamp") != node["timestamp"]]
        same = {name: node for name, node in new.items() if name in old and old[name] != node}
        changes = [{"id": name, "properties": _other(old[name], node)} for name, node in same.items()]
        moved = [name for name, node in same.items() if old[name]["sequence"] != node["sequence"]]
        await self._graph.rows(REMOVE, ids=[name for name in old if name not in new])
        await self._graph.rows(ASIDE, ids=moved)
        await self._graph.rows(CHANGE, changes=changes)
        await self._graph.rows(WRITE, nodes=made, topic=self.topic)

    async def remove(self) -> None:
        await self._graph.rows("MATCH (e:AuditEvent|AuditChain {topic: $topic}) DETACH DELETE e", topic=self.topic)


def _other(old: Node, new: Node) -> Node:
    """Return what changes from one node to the other; its time is written with the whole node."""
    return {name: value for name, value in new.items() if old[name] != value and name != "timestamp"}
