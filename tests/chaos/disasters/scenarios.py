"""What breaks in each disaster, and what an operator does: the commands are those of helm/monitoring/DISASTERS.md."""

import asyncio
from collections.abc import Callable

import pytest

from tests.chaos.checking.history import Line
from tests.chaos.disasters.known import Disaster
from tests.chaos.faults.graph import more_batches, restored
from tests.chaos.running.arena import Arena
from tests.chaos.running.supply import Pace
from workers.core.errors import Unreachable

QUIET_SECONDS = 4.0
POLL_SECONDS = 0.1


async def neo4j_lost(arena: Arena) -> None:
    """Kill Neo4j, delete all that it has, and restore the last backup, with a running worker."""
    arena.supply.pace = Pace.STEPS
    arena.start()
    await more_batches(arena)
    await asyncio.to_thread(arena.servers.back_up_graph)
    await more_batches(arena)
    arena.disaster(Disaster.NEO4J_LOST)
    arena.history.note("restoring")
    await asyncio.to_thread(arena.servers.lose, "neo4j")
    await asyncio.to_thread(arena.servers.restore_graph)
    await restored(arena)


async def kafka_lost(arena: Arena) -> None:
    """Kill Kafka and delete all that it has, with a running worker; producers send again what the graph does not have.

    They also send the bad records again: their dead letters are lost.
    """
    arena.supply.pace = Pace.STEPS
    worker = arena.start()
    await more_batches(arena)
    await arena.supply.stop()
    worker.freeze()
    await arena.supply.send(0.3)
    arena.disaster(Disaster.KAFKA_LOST)
    await asyncio.to_thread(arena.servers.lose, "kafka")
    worker.thaw()
    await _nothing_is_written(arena)
    marks = await asyncio.to_thread(arena.corner.watermarks)
    lost = _produced(arena, lambda line: line["poison"] or line["offset"] > marks.get(line["partition"], -1))
    arena.history.note("recreated")
    await asyncio.to_thread(arena.servers.start)
    await asyncio.to_thread(arena.corner.create_topics)
    arena.supply.life += 1
    await arena.supply.send_again(lost)


async def partition_unreadable(arena: Arena) -> None:
    """Change a byte of a batch on the broker's disk. The other partitions go on; an operator deletes the batch."""
    arena.supply.pace = Pace.STEPS
    arena.start()
    await more_batches(arena)
    await arena.supply.stop()
    await arena.settle()
    await arena.end_workers()
    await arena.supply.send(0.2)
    await arena.supply.send(0.2)  # another batch: what is before the damaged one comes in the same fetch
    damaged = await asyncio.to_thread(arena.servers.damage, arena.corner.topic, 0)
    arena.disaster(Disaster.PARTITION_UNREADABLE)
    worker = arena.start()
    await arena.until(lambda: "cannot be read" in worker.log.read_text(), "the worker names the batch")
    assert f"records {damaged.start} to {damaged.stop - 1} cannot be read" in worker.log.read_text()
    ends = await asyncio.to_thread(arena.corner.end_offsets)
    await arena.until(
        lambda: all(arena.witness.watermarks[each].offset + 1 == end for each, end in ends.items() if each),
        "the other partitions go on",
    )
    await _nothing_is_written(arena)
    with pytest.raises(Unreachable, match="has a damaged batch"):
        await asyncio.to_thread(arena.corner.records, 0)
    await asyncio.to_thread(arena.corner.delete_records, 0, damaged.stop)
    await arena.supply.send_again(
        _produced(arena, lambda line: line["partition"] == 0 and line["offset"] in damaged and not line["life"])
    )


async def schemas_lost(arena: Arena) -> None:
    """Kill the schema registry and delete all that it has, while workers start; restore its storage."""
    arena.supply.pace = Pace.TRICKLE
    await asyncio.to_thread(arena.servers.back_up, "apicurio")
    arena.start()
    await more_batches(arena)
    arena.disaster(Disaster.SCHEMAS_LOST)
    await asyncio.to_thread(arena.servers.lose, "apicurio")
    fresh = arena.start()
    await arena.until(lambda: "schema-registry" in fresh.tail(), "a worker without schemas waits for them")
    await asyncio.to_thread(arena.servers.restore, "apicurio")
    await more_batches(arena)


async def topology_bad(arena: Arena) -> None:
    """Deploy a topology.yaml with a fault: what runs goes on, what starts ends and names the line; then correct it."""
    arena.supply.pace = Pace.TRICKLE
    worker = arena.start()
    await more_batches(arena)
    file = arena.corner.topology
    good = file.read_text()
    arena.disaster(Disaster.TOPOLOGY_BAD)
    file.write_text(good.replace("max_rows: 100", "max_rows: none"))
    await arena.until(lambda: "max_rows" in worker.log.read_text(), "the worker refuses the file")
    await more_batches(arena)
    refused = arena.start()
    refused.meant_to_end = True
    await arena.until(lambda: refused.exit_code is not None, "a worker that starts refuses the file")
    assert "max_rows: none is not a whole number" in refused.tail()
    await more_batches(arena)
    file.write_text(good)
    worker.kill()
    arena.start()


async def _nothing_is_written(arena: Arena) -> None:
    """Wait until what was fetched before is written: the graph stays as it is for some seconds."""
    wrote, quiet = -1, 0.0
    while quiet < QUIET_SECONDS:
        now = arena.evidence.writes()
        wrote, quiet = now, 0.0 if now != wrote else quiet + POLL_SECONDS
        await asyncio.sleep(POLL_SECONDS)


def _produced(arena: Arena, wanted: Callable[[Line], object]) -> list[Line]:
    return [line for line in arena.history.lines() if line["what"] == "produced" and wanted(line)]
