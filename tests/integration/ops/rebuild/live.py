"""A live fleet of three workers with its traffic, and two graphs to look at."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo4j

from tests.end_to_end.outsider import SCHEMAS, read_all
from tests.end_to_end.program import Program, run, until
from tests.integration.ops.rebuild.sent import Traffic
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.lag import group_lag
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.pipelines.fleet import load_topology

TOPOLOGY = """\
schemas: {schemas}
topics:
  {name}-calls: {{partitions: 2, key: trace_id}}
  {name}-changes: {{partitions: 1, key: model_id}}
  {name}-audit: {{partitions: 2, key: content_id}}
  audit-checkpoints: {{partitions: 1, key: chain, retention_hours: 876000}}
defaults:
  session_timeout_seconds: 6
  batch: {{max_rows: {rows}}}
  throttle: {{baseline_rows_per_second: {rate}, max_rows_per_second: {most}}}
workers:
  telemetry: {{topic: {name}-calls, group: {name}-telemetry, order: strict}}
  registry: {{topic: {name}-changes, group: {name}-registry, order: strict}}
  audit: {{topic: {name}-audit, group: {name}-audit, checkpoint: {{every_events: 20}}}}
"""
NODES = """
MATCH (n) WHERE any(name IN $keys WHERE n[name] CONTAINS $name)
  AND NOT n:Watermark AND NOT n:ModelName AND NOT n:SecurityAlert AND NOT n:WorkerState
RETURN labels(n)[0] AS label, properties(n) AS properties,
  COLLECT {
    MATCH (n)-[r]->(o) WHERE NOT o:ModelName
    RETURN [type(r), coalesce(o.key, o.id, o.model_id, o.version_id, o.price_id, o.user_id, o.name)]
  } AS related
"""
FORGET = "MATCH (n) WHERE any(name IN $keys WHERE n[name] CONTAINS $name) DETACH DELETE n"
KEYS = ("key", "id", "model_id", "version_id", "price_id", "user_id")
WRITTEN_AT = ("since", "sync_timestamp", "began_at", "examined")
"""Properties that say when a graph was written, or how far a job is; so do those of checkpoints."""


async def _migrated(settings: Settings) -> None:
    async with open_driver(settings.neo4j) as driver:
        await migrate(driver, settings.neo4j.database)


class Live:
    """The fleet, its topics and its live graph. ``target`` has the variables of the second graph."""

    def __init__(self, settings: Settings, target: Mapping[str, str], folder: Path, name: str) -> None:
        self.settings, self.folder, self.name = settings, folder, name
        self.live = {"NEO4J_URI": settings.neo4j.uri, "NEO4J_PASSWORD": settings.neo4j.password.get_secret_value()}
        self.target = dict(target)
        self._logs = iter(range(100))
        self.topology()
        asyncio.run(_migrated(settings))
        apply_topology(settings.kafka, load_topology(self.folder / "topology.yaml"), execute=True)
        self.sent = Traffic(settings, name)

    def topology(self, *, slow: bool = False) -> None:
        """Write topology.yaml. ``slow``: a few small batches a second."""
        numbers = {"rows": 25, "rate": 50, "most": 50} if slow else {"rows": 500, "rate": 10_000, "most": 1_000_000}
        (self.folder / "topology.yaml").write_text(TOPOLOGY.format(schemas=SCHEMAS, name=self.name, **numbers))

    def register_model(self) -> None:
        """Register the model ``own``; the live graph has it afterwards.

        Otherwise it would be chance which of the live fleet's first calls know its price.
        """
        self.sent.register_model()
        with Program(["worker", "registry"], self.environment(), self.folder / "registry.log") as worker:
            until(lambda: not self.lag("registry", "changes"), "the model", worker)
            assert worker.stop() == 0

    def tear_down(self) -> None:
        """Delete what is in the servers that other tests share."""
        self.query(self.live, FORGET, name=self.name, keys=[*KEYS, "name"])
        admin = Admin(self.settings.kafka)
        admin.results(admin.client.delete_topics(self.kafka()[0]))

    def environment(self, *servers: Mapping[str, str]) -> dict[str, str]:
        made = {"MEMORY_GRAPH_TOPOLOGY": str(self.folder / "topology.yaml")}
        for each in servers:
            made |= each
        return made

    @contextmanager
    def fleet(self, log: str, *servers: Mapping[str, str]) -> Iterator[Program]:
        """Start the fleet; with the second graph's variables after the switch. Killed, it would leave its workers."""
        with Program(["fleet"], self.environment(*servers), self.folder / log) as fleet:
            try:
                yield fleet
            finally:
                if not fleet.ended:
                    fleet.stop()

    @property
    def rebuilding(self) -> dict[str, str]:
        """Return what an operator sets for the rebuild."""
        return self.environment({f"NEW_{name}": value for name, value in self.target.items()})

    def rebuild(self, *options: str) -> Program:
        return Program(["graph", "rebuild", *options], self.rebuilding, self.folder / f"rebuild-{next(self._logs)}.log")

    def command(self, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, Any, str]:
        """Run a command; return its exit code, its document and what it says."""
        code, shown, said = run(arguments, environment or self.environment())
        return code, json.loads(shown) if shown.startswith(("{", "[")) else shown, " ".join(said.split())

    def until_caught_up(self, *programs: Program) -> None:
        for worker, topic in (("telemetry", "calls"), ("registry", "changes"), ("audit", "audit")):
            until(lambda: not self.lag(worker, topic), f"lag of {worker}", *programs)  # noqa: B023 - called in this round

    def lag(self, worker: str, topic: str) -> int:
        """Return how many records of a topic its worker has not committed."""
        lags = group_lag(self.settings.kafka, f"{self.name}-{worker}", f"{self.name}-{topic}").values()
        return sum(each.lag for each in lags)

    def letters(self) -> Counter[tuple[str, ...]]:
        """Count the dead letters of each record, by topic, partition and offset."""
        found: Counter[tuple[str, ...]] = Counter()
        for topic in ("calls", "changes", "audit"):
            for letter in self._read(f"{self.name}-{topic}.dlq"):
                headers: dict[str, Any] = dict(letter.headers() or [])
                found[tuple(headers[f"__dlq.errors.{each}"].decode() for each in ("topic", "partition", "offset"))] += 1
        return found

    def checkpoints(self) -> dict[int, list[int]]:
        """Return the numbers of the checkpoints of each chain, in the order in which they were published."""
        numbers: dict[int, list[int]] = {0: [], 1: []}
        for record in self._read("audit-checkpoints"):
            each = json.loads(record.value() or b"{}")
            if each["topic"] == f"{self.name}-audit":
                numbers[each["partition"]].append(each["number"])
        return numbers

    def kafka(self) -> tuple[list[str], list[str]]:
        """Return all topics and groups of this test."""
        admin = Admin(self.settings.kafka)
        groups = [each.group_id for each in admin.client.list_consumer_groups().result().valid]
        return sorted(each for each in admin.topics() if self.name in each), sorted(
            each for each in groups if self.name in each
        )

    def graph(self, of: Mapping[str, str]) -> dict[str, list[str]]:
        """Return every node of this test in a graph, with its properties and relationships."""
        found = {}
        for row in self.query(of, NODES, name=self.name, keys=KEYS):
            properties = {
                name: value
                for name, value in row["properties"].items()
                if name not in WRITTEN_AT and not name.startswith("checkpoint")
            }
            key = next(properties[each] for each in KEYS if each in properties)
            shown = [f"{name}: {value}" for name, value in properties.items()]
            found[f"{row['label']} {key}"] = sorted([*shown, *map(str, row["related"])])
        return found

    def differences(self) -> list[str]:
        """Return how the new graph differs from the live one."""
        new, live = self.graph(self.target), self.graph(self.live)
        pairs = {name: (set(new.get(name, ["missing"])), set(live.get(name, ["missing"]))) for name in new | live}
        return [
            f"{name}: {here - there} and not {there - here}" for name, (here, there) in pairs.items() if here != there
        ]

    def query(self, of: Mapping[str, str], cypher: str, **parameters: Any) -> Sequence[dict[str, Any]]:
        silent = neo4j.NotificationMinimumSeverity.OFF
        login = ("neo4j", of["NEO4J_PASSWORD"])
        with neo4j.GraphDatabase.driver(of["NEO4J_URI"], auth=login, notifications_min_severity=silent) as driver:
            return [record.data() for record in driver.execute_query(cypher, parameters).records]

    def _read(self, topic: str) -> Any:
        return read_all(self.settings.kafka.bootstrap_servers, topic)
