"""Where the chain stands before the first record that the topic still has."""

from collections.abc import Sequence

from workers.adapters.graph.connection import GraphConnection
from workers.ops.audit.finding import Chain
from workers.ops.audit.graph.events import OF_IDS
from workers.ops.audit.topic.recompute import Identity
from workers.pipelines.audit.chain.link import Head


async def anchor(graph: GraphConnection, chain: Chain, identities: Sequence[Identity]) -> tuple[int, Head] | None:
    """Return how many of these events come before the anchor, and the head to link the next one to.

    ``identities`` are the first events of the log. A duplicate of an event that the topic does not have any more has a
    place far before the others: so the anchor is the beginning of the run that ends with the last place.
    """
    rows = await graph.rows(OF_IDS, ids=[each[0] for each in identities])
    here = [row for row in rows if (row["partition"], row["chain_id"]) == (chain.partition, chain.chain_id)]
    heads = {(row["audit_id"], row["event_type"]): row for row in here}
    found = {heads[each]["sequence"]: at for at, each in reversed(list(enumerate(identities))) if each in heads}
    if not found:
        return None
    first = max(found)
    while first - 1 in found and found[first - 1] < found[first]:
        first -= 1
    row = heads[identities[found[first]]]
    return found[first], Head(first - 1, bytes.fromhex(row["prev_hash"]))
