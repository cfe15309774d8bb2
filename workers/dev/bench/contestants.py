"""The contestants: each runs in its own process, started by its command line."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from ruamel.yaml import YAML

from workers.dev.bench.field import Field
from workers.dev.bench.ground import Ground
from workers.dev.bench.quix import quix_python
from workers.dev.bench.records import COMPLETE, LATE, MIX, VAULT

PEERS = Path(__file__).parent / "peers"
EVERYTHING = frozenset({COMPLETE, MIX})
STATELESS = frozenset({"Invocation", "USES_MODEL", "CHILD_OF", "HAS_METRIC", "CAUSED_ERROR"})
"""Names that the plain loop writes; the others need state."""


class Start(NamedTuple):
    """A process to start: its command line, and the variables added to our environment."""

    argv: Sequence[str]
    environment: Mapping[str, str]


class Starts(Protocol):
    """Starts a contestant on a field, with a new consumer group."""

    def __call__(self, ground: Ground, field: Field, group: str) -> Sequence[Start]: ...


@dataclass(frozen=True, slots=True)
class Contestant:
    """A contestant. ``draws`` names the labels and types that it writes; ``None`` means all."""

    label: str
    starts: Starts
    record_sets: frozenset[str] = EVERYTHING
    draws: frozenset[str] | None = None


def worker_environment(
    ground: Ground, topic: str, group: str, partitions: int, changed: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, str]:
    """Return what our worker runs with: the production defaults but for ``changed``, and tracing."""
    return around(ground, ground.topology_file(topic, group, partitions, changed))


def around(ground: Ground, topology: Path) -> dict[str, str]:
    """Return the environment of a worker with this topology."""
    return {
        "MEMORY_GRAPH_TOPOLOGY": str(topology),
        "OTEL_EXPORTER_OTLP_ENDPOINT": ground.collector,
        "METRICS_PORT": "0",
        "LOG_FORMAT": "json",
    }


@dataclass(frozen=True, slots=True)
class Ours:
    """Our worker, started by its command line; ``changed`` replaces blocks of its tuning."""

    processes: int
    changed: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, ground: Ground, field: Field, group: str) -> Sequence[Start]:
        environment = worker_environment(ground, field.topic, group, field.partitions, self.changed)
        argv = [sys.executable, "-m", "workers.cli.main", "worker", ground.worker]
        return [Start(argv, environment)] * self.processes


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """The worker of another checkout, which has its own ``.venv``, with its own ``topology.yaml``."""

    checkout: Path

    def __call__(self, ground: Ground, field: Field, group: str) -> Sequence[Start]:
        document = YAML(typ="safe").load(self.checkout / "topology.yaml")
        worker = document["workers"]["telemetry"]
        topic = document["topics"][worker["topic"]] | {"partitions": field.partitions}
        document["topics"] = {field.topic: topic}
        document["workers"] = {"telemetry": worker | {"topic": field.topic, "group": group}}
        document["schemas"] = str((self.checkout / document.get("schemas", "schemas/avro")).resolve())
        path = ground.folder / f"{group}.yaml"
        path.write_text(json.dumps(document))
        argv = [str(self.checkout / ".venv" / "bin" / "memory-graph"), "worker", "telemetry"]
        return [Start(argv, around(ground, path))]


@dataclass(frozen=True, slots=True)
class Unwind:
    """The bare writer."""

    writers: int

    def __call__(self, ground: Ground, field: Field, group: str) -> Sequence[Start]:  # noqa: ARG002 - it reads no topic
        return [Start([sys.executable, "-m", "workers.dev.bench.ceiling", str(field.prepared), str(self.writers)], {})]


def plain_loop(ground: Ground, field: Field, group: str) -> Sequence[Start]:
    """Start the plain loop."""
    return [Start([sys.executable, str(PEERS / "plain_loop.py")], _peer(ground, field, group))]


def quix_sink(ground: Ground, field: Field, group: str) -> Sequence[Start]:
    """Start Quix Streams' sink; install it the first time."""
    return [Start([str(quix_python(ground.folder.parent)), str(PEERS / "quix_sink.py")], _peer(ground, field, group))]


def _peer(ground: Ground, field: Field, group: str) -> dict[str, str]:
    """Return the environment of the peers: common variable names, with secrets as values."""
    neo4j = ground.settings.neo4j
    return {
        "KAFKA_BOOTSTRAP_SERVERS": ground.settings.kafka.bootstrap_servers,
        "SCHEMA_REGISTRY_URL": ground.settings.schema_registry.url,
        "NEO4J_URI": neo4j.uri,
        "NEO4J_USERNAME": neo4j.username,
        "NEO4J_PASSWORD": neo4j.password.get_secret_value(),
        "NEO4J_DATABASE": neo4j.database,
        "BENCH_TOPIC": field.topic,
        "BENCH_GROUP": group,
    }


OURS, PLAIN, QUIX, OTHER, AUDIT = "ours", "plain", "quix", "other", "audit"
FORGETFUL = "forgetful"
FEW_STATES = {"state": {"max_entries": 1_000}}
"""A call is forgotten long before its late tokens come."""
CEILING = ("unwind-1", "unwind-2", "unwind-4")
CONTESTANTS: Mapping[str, Contestant] = {
    OURS: Contestant("memory-graph worker telemetry", Ours(1)),
    FORGETFUL: Contestant("ours, 1,000 states in memory", Ours(1, FEW_STATES), frozenset({COMPLETE, LATE})),
    AUDIT: Contestant("memory-graph worker audit", Ours(1), frozenset({VAULT})),
    "unwind-1": Contestant("bare UNWIND, 1 writer", Unwind(1)),
    "unwind-2": Contestant("bare UNWIND, 2 writers", Unwind(2)),
    "unwind-4": Contestant("bare UNWIND, 4 writers", Unwind(4)),
    PLAIN: Contestant("plain loop", plain_loop, draws=STATELESS),
    QUIX: Contestant("Quix Streams Neo4jSink", quix_sink, frozenset({COMPLETE}), STATELESS),
}


def contestants(checkout: Path | None) -> Mapping[str, Contestant]:
    """Return everybody; with ``checkout`` the worker of another version too, beside ours."""
    if checkout is None:
        return CONTESTANTS
    other = Contestant(f"worker of {checkout.name}", OtherVersion(checkout.resolve()))
    return {OURS: CONTESTANTS[OURS], OTHER: other, **CONTESTANTS}


SCALE: Mapping[str, Contestant] = {
    "ours-1": Contestant("one process", Ours(1)),
    "ours-2": Contestant("two processes", Ours(2)),
    "ours-4": Contestant("four processes", Ours(4)),
}


def child_environment(start: Start) -> dict[str, str]:
    """Return the whole environment of a process."""
    return {**os.environ, **start.environment}
