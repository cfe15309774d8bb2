"""What the graph knows of the archive, and what the archive itself lists."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.object_store.store import ObjectStore
from workers.core.job import ObjectStoreAt
from workers.ops.audit.finding import Chain
from workers.ops.audit.signatures import Signatures
from workers.pipelines.audit.archive.batch import read_name

CHAINS = """
MATCH (c:AuditChain {topic: $topic})
RETURN c.partition AS partition, c.chain_id AS chain_id, coalesce(c.archived, 0) AS archived,
  coalesce(c.archived_hash, '') AS hash,
  COLLECT { MATCH (b:AuditBatch {chain: c.id}) RETURN [b.id, b.digest] } AS objects
"""


class Noted(NamedTuple):
    """What the worker has noted in the graph about the archive of a chain.

    ``archived``  the last sequence in the archive, and ``hash`` its hash; 0 and an empty text for none
    ``digests``   the SHA-256 of each object's lines
    """

    archived: int = 0
    hash: str = ""
    digests: Mapping[str, str] = {}


class ArchivedChain(NamedTuple):
    """One chain in the archive.

    ``names``       its objects, in the order of the chain
    ``signatures``  ``None`` where no key is known
    ``retention_days``  for how long an object must be there
    """

    store: ObjectStoreAt
    names: Sequence[str]
    noted: Noted
    signatures: Signatures | None
    retention_days: int


def listed(store: ObjectStore, topic: str) -> dict[Chain, list[str]]:
    """Return the names of the objects of each chain of a topic, in the order of the chain. Blocks."""
    found: dict[Chain, list[tuple[int, str]]] = {}
    for name in store.names():
        read = read_name(name)
        if read is not None and read.chain.topic == topic:
            found.setdefault(Chain(*read.chain), []).append((read.first, name))
    # By its name alone: objects of checkpoints have a longer one, which sorts before that of the next events.
    return {chain: [name for _, name in sorted(names, key=_order)] for chain, names in found.items()}


def _order(first_and_name: tuple[int, str]) -> tuple[int, str]:
    first, name = first_and_name
    return first, name.rpartition("/")[2]


async def known(graph: GraphConnection, topic: str) -> dict[Chain, Noted]:
    """Return what the worker has noted of each chain of a topic."""
    return {
        Chain(topic, row["partition"], row["chain_id"]): Noted(row["archived"], row["hash"], dict(row["objects"]))
        for row in await graph.rows(CHAINS, topic=topic)
    }
