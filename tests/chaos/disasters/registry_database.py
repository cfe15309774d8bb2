"""The registry's database fails over to a replica that lags, and that has no slot for Debezium.

It is no stream of the ledger: the graph must be that of the rows of the new primary, whatever the log had.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import neo4j
import psycopg

from tests.chaos.disasters.known import Disaster
from tests.chaos.disasters.measured import Measured
from tests.chaos.disasters.registry_rows import AFTER, FIRST, LOST, MISSED, present, rows_as_graph, write
from tests.chaos.running.replica import Replica
from tests.chaos.running.servers import Servers
from tests.end_to_end.program import PATIENCE_SECONDS, Program, run, until
from tests.model.graph_differences import differences
from tests.model.naive_model import Graph
from tests.model.registry_snapshot import registry_snapshot

CONNECTOR = "/connectors/registry"
LOST_LOG = "no longer available on the server"
RESNAPSHOT = ("registry", "resnapshot", "--deletions", "--execute", "--why", "a replica took over")
POLL_SECONDS = 0.1


class Failover:
    """One failover with a running worker. All names of its rows start with ``name``."""

    def __init__(
        self, servers: Servers, environment: Mapping[str, str], name: str, driver: neo4j.AsyncDriver, worker: Program
    ) -> None:
        self._servers = servers
        self._environment = environment
        self._database = environment["REGISTRY_DATABASE_URL"]
        self._name = name
        self._driver = driver
        self._worker = worker

    async def play(self, replica: Replica) -> Measured:
        """Return what was measured, from the kill of the primary until the graph has the rows of the new one."""
        records = write(self._database, self._name, FIRST)
        await asyncio.to_thread(replica.copy)
        await self._shown()
        replica.stop()
        records += write(self._database, self._name, LOST)
        await self._shown()
        before = await self._graph()
        self._servers.kill("postgres")
        fault = time.monotonic()
        missed = await asyncio.to_thread(self._promoted, replica)
        await asyncio.to_thread(self._until_connector_failed)
        assert not differences(await self._graph(), before), "the graph keeps what it has"
        await asyncio.to_thread(self._recover)
        await self._shown()
        seconds = round(time.monotonic() - fault, 1)
        records += missed + write(self._database, self._name, AFTER)
        await self._shown()
        return Measured(Disaster.REGISTRY_FAILED_OVER, seconds, records, missed, 0)

    def _promoted(self, replica: Replica) -> int:
        """Make the replica the primary; it gets changes before anybody reads its log. Return how many."""
        replica.promote()
        missed = write(replica.url, self._name, MISSED)
        replica.take_over()
        return missed

    def _until_connector_failed(self) -> None:
        """Wait until Debezium has found out that the log that it read is gone, and says so."""
        until(lambda: LOST_LOG in json.dumps(self._ask("GET", "/status")), "the connector fails", self._worker)

    def _recover(self) -> None:
        """Do what the page says."""
        self._ask("PUT", "/stop")
        until(
            lambda: self._ask("GET", "/status")["connector"]["state"] == "STOPPED", "the connector stops", self._worker
        )
        until(self._offsets_are_deleted, "the connector has no position", self._worker)
        self._ask("PUT", "/resume")
        until(self._slot_is_read, "the connector reads its slot", self._worker)
        code, _, said = run(RESNAPSHOT, self._environment)
        assert code == 0, said

    def _offsets_are_deleted(self) -> bool:
        """Delete them; Connect refuses it until it has stopped the tasks."""
        try:
            self._ask("DELETE", "/offsets")
        except HTTPError:
            return False
        return True

    def _slot_is_read(self) -> bool:
        with psycopg.connect(self._database) as database:
            slot = database.execute("SELECT active FROM pg_replication_slots WHERE slot_name = 'memory_graph'")
            return slot.fetchone() == (True,)

    def _ask(self, method: str, path: str) -> Any:
        url = f"{self._environment['KAFKA_CONNECT_URL']}{CONNECTOR}{path}"
        with urlopen(Request(url, method=method), timeout=30) as answer:  # noqa: S310 - the stack's own Connect
            body = answer.read()
        return json.loads(body) if body else None

    async def _shown(self) -> None:
        """Wait until the graph has the rows of the database, and no others."""
        expected, deadline = rows_as_graph(self._database, self._name), time.monotonic() + PATIENCE_SECONDS
        while wrong := differences(await self._graph(), expected):
            self._worker.check()
            assert time.monotonic() < deadline, "\n".join(wrong)
            await asyncio.sleep(POLL_SECONDS)

    async def _graph(self) -> Graph:
        database = self._environment["NEO4J_DATABASE"]
        return present(await registry_snapshot(self._driver, database, self._name))
