"""Audit events that are in no graph: pages of a few nodes, in the order of sequence and id."""

from collections.abc import AsyncIterator, Sequence

from tests.model.audit_edits import Node
from workers.ops.audit.finding import Chain
from workers.pipelines.audit.chain.stored import Stored, stored


class Nodes:
    """Stands for the graph."""

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = sorted(nodes, key=lambda each: (each["sequence"], each["id"]))

    async def pages(self, _chain: Chain, first: int, last: int) -> AsyncIterator[Sequence[Stored]]:
        chosen = [each for each in self._nodes if first <= each["sequence"] <= last]
        for begin in range(0, len(chosen), 7):
            yield [of(each) for each in chosen[begin : begin + 7]]

    async def with_hash(self, _chain: Chain, name: str, value: str) -> list[Stored]:
        return [of(each) for each in self._nodes if each[name] == value]

    async def excess(self, _chain: Chain, length: int) -> int:
        return length + 1 if self._nodes and self._nodes[-1]["sequence"] > length else 0

    async def count(self, _chain: Chain, expired: int = 0) -> int:
        return expired + len([each for each in self._nodes if each["sequence"] > expired])


def of(node: Node) -> Stored:
    return stored(node["sequence"], {name: value for name, value in node.items() if value is not None})
