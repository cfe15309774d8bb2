"""Find what there is to verify: the chains of graph, topic and checkpoints, with what is known about each."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.object_store.store import ObjectStore
from workers.adapters.vault.transit import Transit
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured
from workers.core.record import ConsumedRecord
from workers.ops.audit.archive.known import ArchivedChain, Noted, known, listed
from workers.ops.audit.checkpoint_log import Log, read_log, signature_of
from workers.ops.audit.finding import Chain
from workers.ops.audit.graph.events import Expected, GraphSource
from workers.ops.audit.signatures import Signatures, keys_of_file, keys_of_transit
from workers.ops.audit.source import Source
from workers.ops.audit.verify import Task
from workers.pipelines.audit.checkpoints.checkpoint import TOPIC, read_checkpoint
from workers.pipelines.audit.options import AuditOptions

WORKER = "audit"


class Request(NamedTuple):
    """What to verify. Times are epoch milliseconds. Without ``public_key`` the keys come from Transit."""

    source: Source
    since: int | None = None
    until: int | None = None
    public_key: Path | None = None
    partition: int | None = None


def audit_options(topology: Topology) -> AuditOptions:
    """Return the options of the audit worker. Raises ``Misconfigured``."""
    options = topology.workers.get(WORKER)
    if not isinstance(options, AuditOptions):
        raise Misconfigured("topology.yaml has no worker audit: add it under workers, with its topic and its group")
    return options


async def tasks(settings: Settings, topology: Topology, request: Request) -> list[Task]:
    """Return a task for each chain. Raises ``Misconfigured`` and ``Unreachable``."""
    topic = audit_options(topology).topic
    async with GraphConnection(settings.neo4j) as graph:
        chains = await GraphSource(graph).chains(topic)
        noted = await known(graph, topic)
    # After the graph: what the worker has published by then is there.
    logs = await asyncio.to_thread(checkpoints, settings, topology, request.public_key)
    chains = {chain: Expected() for chain in logs if chain.topic == topic} | chains
    reader = TopicReader(settings.kafka, topic)
    begins, ends = await asyncio.to_thread(reader.begin_offsets), await asyncio.to_thread(reader.end_offsets)
    if request.source is Source.TOPIC:
        chains = _current(chains, ends, topic, audit_options(topology).chain_id)
    archive = await asyncio.to_thread(_archive, settings, topology, request, noted)
    if request.source is Source.ARCHIVE:
        chains = {chain: chains.get(chain, Expected()) for chain in archive}
    return [
        Task(
            request.source,
            chain,
            logs.get(chain, Log()),
            expected,
            max(expected.length, ends.get(chain.partition, 0) - begins.get(chain.partition, 0)),
            request.since,
            request.until,
            archive.get(chain),
        )
        for chain, expected in sorted(chains.items())
        if request.partition in {None, chain.partition}
    ]


def _archive(
    settings: Settings, topology: Topology, request: Request, noted: Mapping[Chain, Noted]
) -> dict[Chain, ArchivedChain]:
    """Return what the archive has of each chain, or should have. Blocks. Empty where ``topology.yaml`` names none."""
    options = audit_options(topology).archive
    if options.url is None:
        if request.source is Source.ARCHIVE:
            raise Misconfigured("topology.yaml names no archive: set workers.audit.archive.url")
        return {}
    wanted = request.source is Source.ARCHIVE
    names = listed(ObjectStore(options.store), audit_options(topology).topic) if wanted else {}
    keys = None
    if wanted and (request.public_key or settings.vault.addr):
        keys = public_keys(settings, topology, request.public_key)
    there = {chain for chain, each in noted.items() if each.archived} | names.keys()
    chains = there if wanted else noted.keys()
    return {
        chain: ArchivedChain(
            options.store, names.get(chain, []), noted.get(chain, Noted()), keys, options.retention_days
        )
        for chain in chains
    }


def _current(
    chains: Mapping[Chain, Expected], partitions: Mapping[int, int], topic: str, chain_id: str
) -> dict[Chain, Expected]:
    """Return one chain of each partition: the one that the worker continues."""
    current = [Chain(topic, number, chain_id) for number in partitions]
    return {chain: chains.get(chain, Expected()) for chain in current}


def checkpoints(settings: Settings, topology: Topology, public_key: Path | None) -> Mapping[Chain, Log]:
    """Read the checkpoints, and check their signatures. Blocks. Raises ``Misconfigured`` and ``Unreachable``."""
    if TOPIC not in Admin(settings.kafka).topics():
        return {}
    reader = TopicReader(settings.kafka, TOPIC)
    begins, ends = reader.begin_offsets(), reader.end_offsets()
    topic = audit_options(topology).topic
    signed = any(topic == _of_topic(record) for record in reader.between(begins, ends) if signature_of(record))
    signatures = public_keys(settings, topology, public_key) if signed or public_key else None
    return read_log(reader.between(begins, ends), signatures, complete=not any(begins.values()))


def _of_topic(record: ConsumedRecord) -> str | None:
    checkpoint = read_checkpoint(record.value)
    return checkpoint.topic if checkpoint else None


def public_keys(settings: Settings, topology: Topology, public_key: Path | None) -> Signatures:
    """Return the keys of a file, or of the Transit key that ``topology.yaml`` names: never of one that a record names.

    Raises ``Misconfigured`` and ``Unreachable``.
    """
    if public_key is not None:
        return keys_of_file(public_key)
    if settings.vault.addr is None:
        raise Misconfigured(
            "the checkpoints are signed, and nothing says by whom: set VAULT_ADDR, or name the public key's PEM file "
            "with --public-key"
        )
    options = audit_options(topology).checkpoint
    return keys_of_transit(Transit(settings.vault, options.mount).public_keys(options.key))
