"""How fast dead letters are counted and sent back, beside kcat and a plain producer."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.config.topics import dead_letter_topic
from workers.core.clock import SystemClock
from workers.core.dead_letter import DeadLetter
from workers.core.errors import ProblemsFound
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.dev.bench.contestants import PEERS, Start
from workers.dev.bench.ground import TELEMETRY, Ground
from workers.dev.bench.measure.command import Command, run_command
from workers.dev.bench.records import COMPLETE, RecordSet, make
from workers.ops.dead_letters.replaying.replay import BATCH_LETTERS
from workers.ops.dead_letters.replaying.verdict import Verdict

PARTITIONS = 4
DIFFERENT_RECORDS = 20_000
"""They are sent again and again: more would only cost the memory of this process."""
PORTION = 10_000
REPLAYED = 100_000
ROUNDS = 3
CODES = (
    (Stage.DECODE, "avro.unknown_schema", "schema 12 is not in the schema registry: register it there"),
    (Stage.VALIDATE, "field.missing", "event_id is '': give each event its event_id"),
    (Stage.VALIDATE, "key.mismatch", "the key is not the trace_id: key each record by its trace_id"),
    (Stage.WRITE, "neo4j.constraint", "Invocation.key is taken: give each span its own span_id"),
)


@dataclass(frozen=True, slots=True)
class DeadLetterSpeed:
    """Medians of the rounds, in seconds. ``kcat`` is ``None`` where it is not installed.

    ``listed``    ``memory-graph dlq list`` of all ``letters``; ``rss_mib`` is the most memory of all its processes
    ``replayed``  ``memory-graph dlq replay --execute`` of ``sent`` letters
    ``plain``, ``transactional``  a plain producer that sends the same records to the same topic
    """

    letters: int
    listed: float
    rss_mib: float
    kcat: float | None
    sent: int
    replayed: float
    plain: float
    transactional: float


async def dead_letter_speed(ground: Ground, letters: int, seed: int) -> DeadLetterSpeed:
    """Fill a dead-letter topic, and measure. Raises ``ProblemsFound`` where a command fails or counts wrongly."""
    topic = f"{ground.run}-dead"
    await ground.make_topic(topic, PARTITIONS)
    records = await make(COMPLETE, min(letters, DIFFERENT_RECORDS), seed, ground.subject_topic, ground.encoder)
    await _fill(ground, topic, records, letters)
    listed, kcat = list[Command](), list[Command]()
    for _ in range(ROUNDS):
        listed.append(await _list(ground, topic, letters))
        if shutil.which("kcat"):
            kcat.append(await run_command(ground.folder, _kcat(ground, topic), Path(os.devnull)))
    sent = min(letters, REPLAYED)
    replayed = (await _replay(ground, topic, sent)).seconds
    peer = await _producer(ground, topic, sent)
    return DeadLetterSpeed(
        letters=letters,
        listed=median(each.seconds for each in listed),
        rss_mib=max(each.rss_mib for each in listed),
        kcat=median(each.seconds for each in kcat) if kcat else None,
        sent=sent,
        replayed=replayed,
        **peer,
    )


async def _fill(ground: Ground, topic: str, records: RecordSet, letters: int) -> None:
    """Publish letters as a worker does."""
    publisher, now = KafkaDeadLetters(librdkafka_config(ground.settings.kafka)), SystemClock().now_ms()
    made = (
        DeadLetter(
            ConsumedRecord(topic, number % PARTITIONS, number, now, record.key, record.value, record.headers),
            topic,
            TELEMETRY,
            stage,
            code,
            message,
            "workers.core.errors.Rejected",
            now + number % 1_000,
        )
        for number, (record, (stage, code, message)) in enumerate(zip(cycle(records.records), cycle(CODES)))
    )
    try:
        for begin in range(0, letters, PORTION):
            await publisher.publish(list(islice(made, min(PORTION, letters - begin))))
    finally:
        await publisher.aclose()


def _cli(ground: Ground, topic: str, *arguments: str) -> Start:
    """Return one of our commands, on this topic."""
    environment = {"MEMORY_GRAPH_TOPOLOGY": str(ground.topology_file(topic, topic, PARTITIONS))}
    return Start(
        [sys.executable, "-m", "workers.cli.main", "dlq", *arguments, "--topic", topic, "-o", "json"], environment
    )


def _kcat(ground: Ground, topic: str) -> Start:
    servers = ground.settings.kafka.bootstrap_servers
    return Start(["kcat", "-q", "-b", servers, "-C", "-t", dead_letter_topic(topic), "-o", "beginning", "-e"], {})


async def _list(ground: Ground, topic: str, letters: int) -> Command:
    printed = ground.folder / "list.json"
    command = await run_command(ground.folder, _cli(ground, topic, "list"), printed)
    counted = sum(row["letters"] for row in json.loads(printed.read_bytes()))
    if counted != letters:
        raise ProblemsFound(f"dlq list counted {counted:,} of {letters:,} dead letters")
    return command


async def _replay(ground: Ground, topic: str, letters: int) -> Command:
    why = ("--limit", str(letters), "--execute", "--why", "bench")
    printed = ground.folder / "replay.json"
    command = await run_command(ground.folder, _cli(ground, topic, "replay", *why), printed)
    done = json.loads(printed.read_bytes())
    sent = sum(row["letters"] for row in done["letters"] if row["what"] == Verdict.SEND)
    if sent != letters:
        raise ProblemsFound(f"dlq replay sent {sent:,} of {letters:,} dead letters: {done}")
    return command


async def _producer(ground: Ground, topic: str, records: int) -> dict[str, float]:
    """Send the replayed records again with a plain producer; return its seconds."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": ground.settings.kafka.bootstrap_servers,
        "BENCH_TOPIC": topic,
        "BENCH_RECORDS": str(records),
        "BENCH_BATCH": str(BATCH_LETTERS),
        "BENCH_GROUP": f"{topic}-producer",
    }
    printed = ground.folder / "producer.json"
    await run_command(ground.folder, Start([sys.executable, str(PEERS / "plain_producer.py")], environment), printed)
    return dict(json.loads(printed.read_bytes()))
