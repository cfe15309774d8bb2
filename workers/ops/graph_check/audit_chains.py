"""The chains of audit events, as ``audit verify --source graph`` reads them."""

import asyncio
from collections.abc import Iterator

from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.ops.audit.finding import Result
from workers.ops.audit.source import Source
from workers.ops.audit.tasks import WORKER, Request, tasks
from workers.ops.audit.verify import Show, verify_all
from workers.ops.audit.verify_chain import verify_chain
from workers.ops.graph_check.finding import Finding, Kind, Place

FIX = "`memory-graph audit verify --source topic` says whether the graph or the topic was edited"


async def verified_chains(settings: Settings, topology: Topology, show: Show) -> list[Result]:
    """Return what was found of each chain; none without an audit worker. Raises ``Misconfigured``, ``Unreachable``."""
    if WORKER not in topology.workers:
        return []
    found = await tasks(settings, topology, Request(Source.GRAPH))
    return await asyncio.to_thread(verify_all, settings, found, verify_chain, show)


def chain_findings(results: list[Result]) -> Iterator[Finding]:
    """Yield what is wrong with chains."""
    for result in results:
        topic, partition, chain_id = result.chain
        for each in result.findings:
            subject = f"{topic}/{partition}, chain {chain_id}"
            place = Place(topic, partition)
            yield Finding(Kind.AUDIT_CHAIN, subject, each.kind.value, None, each.message, FIX, place)
