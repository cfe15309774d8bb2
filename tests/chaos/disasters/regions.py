"""A region is lost, with Kafka, Neo4j and worker; another one has what MirrorMaker 2 has copied, and goes on."""

import asyncio

from confluent_kafka import Consumer, TopicPartition

from tests.chaos.disasters.known import Disaster
from tests.chaos.faults.graph import restored
from tests.chaos.running.arena import PATIENCE_SECONDS, Arena
from tests.chaos.running.corner import Corner
from tests.chaos.running.mirror import Mirror
from tests.chaos.running.prepared import prepare_graph
from tests.chaos.running.producer import NUMBER_HEADER
from tests.chaos.running.servers import Servers
from workers.adapters.kafka.reader import TopicReader

POLL_SECONDS = 0.2


async def region_switch(arena: Arena) -> None:
    """Lose the first site while the mirror lags, and go on at the second one, where the graph is empty.

    The mirror brings the offsets of the group along. They are ahead of that graph: who believes them loses records.
    A transaction that was aborted must not come along.
    """
    await arena.supply.stop()  # it would send to the second site
    second, first = arena.servers, await arena.servers_beside("SCHEMA_REGISTRY_URL")
    arena.switch_to(first)
    await prepare_graph(arena.corner)
    await asyncio.to_thread(arena.corner.create_topics)
    mirror = await asyncio.to_thread(_mirror, arena.corner, first, second)
    try:
        await _work_at_the_first_site(arena, second)
        mirror.freeze()
        await arena.supply.send(0.3)
        await _look_at(arena, second)
        arena.disaster(Disaster.REGION_LOST)
        for worker in arena.workers:
            worker.kill()
        for server in ("kafka", "neo4j"):
            await asyncio.to_thread(first.kill, server)
    finally:
        mirror.kill()
    arena.start()
    await _send_the_rest_again(arena)


def _mirror(corner: Corner, first: Servers, second: Servers) -> Mirror:
    addresses = (each.settings().kafka.bootstrap_servers for each in (first, second))
    return Mirror(corner, *addresses)


async def _work_at_the_first_site(arena: Arena, second: Servers) -> None:
    """Send records until the second site has them, and an offset of the group."""
    arena.start()
    await arena.supply.send(0.2)
    await asyncio.to_thread(arena.supply.abort_copies)
    await arena.supply.send(0.3)
    await _until_mirrored(arena, second)


async def _until_mirrored(arena: Arena, second: Servers) -> None:
    sent = arena.evidence.produced()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(await asyncio.to_thread(_places, arena.corner, second)) < sent:
            await asyncio.sleep(POLL_SECONDS)
        while not await asyncio.to_thread(_has_offsets, arena.corner, second):
            await asyncio.sleep(POLL_SECONDS)


async def _look_at(arena: Arena, servers: Servers) -> None:
    """Have the witness look at these servers: another graph, and other offsets of the same group."""
    arena.history.note("restoring")
    await asyncio.to_thread(arena.switch_to, servers)
    await restored(arena)


async def _send_the_rest_again(arena: Arena) -> None:
    """Send what the mirror did not copy to the second site, as producers do that have kept it."""
    places = await asyncio.to_thread(_places, arena.corner, arena.servers)
    arena.history.note("mirrored", places=list(places.items()))
    sent = [line for line in arena.history.lines() if line["what"] == "produced"]
    await arena.supply.send_again([line for line in sent if line["number"] not in places])


def _places(corner: Corner, site: Servers) -> dict[int, int]:
    """Return the offset of each record that a site has, by its number."""
    reader = TopicReader(site.settings().kafka, corner.topic)
    records = reader.between({}, reader.end_offsets())
    return {int(dict(each.headers)[NUMBER_HEADER] or b""): each.offset for each in records}


def _has_offsets(corner: Corner, site: Servers) -> bool:
    servers = site.settings().kafka.bootstrap_servers
    consumer = Consumer({"bootstrap.servers": servers, "group.id": corner.group, "log_level": 0})
    try:
        partitions = [TopicPartition(corner.topic, number) for number in range(corner.partitions)]
        return any(each.offset > 0 for each in consumer.committed(partitions, timeout=PATIENCE_SECONDS))
    finally:
        consumer.close()
