"""The chaos tests' own stack: its servers may be killed, frozen and restarted."""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.chaos.running import class_cache
from tests.chaos.running.vault import Vault
from workers.config.settings import Settings
from workers.core.errors import ProblemsFound
from workers.dev.stack.lifecycle import reset, up
from workers.dev.stack.process import ProcessIdentity, stop
from workers.dev.stack.progress import NoProgress, ProgressLines, StackProgress
from workers.dev.stack.servers import SERVERS
from workers.dev.stack.state import load_state
from workers.ops.backup.manifest import Manifest, latest, read_json
from workers.ops.backup.restore import require_restored, restore
from workers.ops.backup.server import until_answer
from workers.ops.backup.take import backup

STORED = {"neo4j": "data", "kafka": "data", "apicurio": "registry*", "postgres": "data"}
"""Where each server keeps what it has, in its folder."""
BATCH_LENGTH, BATCH_HEAD, LAST_OFFSET_DELTA = 8, 12, 23
"""Places in a batch of Kafka's format 2, in bytes: https://kafka.apache.org/documentation/#recordbatch"""


class Servers:
    """The servers of the stack ``name`` under ``home``. Every call blocks until it has finished.

    ``cache`` is a file that all processes of a run share; ``shared`` has the variables of servers of another stack.
    """

    def __init__(self, name: str, home: Path, cache: Path, shared: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.environment: dict[str, str] = {}
        self._home = home
        self._cache = cache
        self._shared = dict(shared or {})
        self._up(ProgressLines())

    def beside(self, *shared: str) -> "Servers":
        """Start a second stack, which uses the servers of this one that the variables ``shared`` name."""
        class_cache.use(self._cache)
        return Servers(f"{self.name}-b", self._home, self._cache, {each: self.environment[each] for each in shared})

    def reset(self) -> None:
        """Stop the servers, and delete the stack."""
        reset(self.name, home=self._home)

    def train(self) -> None:
        """Make the cache of Neo4j's classes."""
        class_cache.train(psutil.Process(self._identity("neo4j").pid), self.settings().neo4j, self._cache)
        self.start()

    def add(self, extra: str) -> None:
        """Start the servers of an extra, if they do not run."""
        self._up(ProgressLines(), extra)

    def vault(self, key: str) -> Vault:
        """Return the vault with a key of this name; start it the first time."""
        self.add("vault")
        values = self.environment
        return Vault(values["VAULT_ADDR"], values["VAULT_TOKEN"], self._home / self.name / "openbao" / "log", key)

    def settings(self) -> Settings:
        """Return the settings that a program with this environment reads."""
        values = self.environment
        vault = {"addr": values["VAULT_ADDR"], "token": values["VAULT_TOKEN"]} if "VAULT_ADDR" in values else {}
        return Settings.model_validate(
            {
                "vault": vault,
                "kafka": {"bootstrap_servers": values["KAFKA_BOOTSTRAP_SERVERS"]},
                "schema_registry": {"url": values["SCHEMA_REGISTRY_URL"]},
                "neo4j": {
                    "uri": values["NEO4J_URI"],
                    "username": values["NEO4J_USERNAME"],
                    "password": values["NEO4J_PASSWORD"],
                    "database": values["NEO4J_DATABASE"],
                    "home": values["NEO4J_HOME"],
                },
            }
        )

    def program_of(self, server: str) -> Path:
        """Return the program that a running server is a process of."""
        return Path(psutil.Process(self._identity(server).pid).exe())

    def kill(self, server: str) -> None:
        """Send SIGKILL: like a power failure, but without loss of the disk cache."""
        process = psutil.Process(self._identity(server).pid)
        process.kill()
        _, alive = psutil.wait_procs([process], timeout=30)
        assert not alive, f"{server} outlived SIGKILL"

    def stop(self, server: str) -> None:
        """Stop the server normally."""
        stop(self._identity(server), SERVERS[server].stop_signal, SERVERS[server].grace_seconds)

    def start(self) -> None:
        """Restart stopped servers on the same ports and data; return when all are ready."""
        for server, known in load_state(self._home, self.name).servers.items():
            if known.process is not None:
                with suppress(OSError):
                    self.thaw(server)
        class_cache.use(self._cache)
        self._up(NoProgress())

    def lose(self, server: str) -> None:
        """Kill the server and delete what it has stored."""
        self.kill(server)
        for path in self._stored(server):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def back_up_graph(self) -> None:
        """Take a backup, which needs Neo4j stopped, and start it again."""
        graph = self.settings().neo4j
        with pytest.raises(ProblemsFound, match="only while it is stopped"):
            backup(graph, self._backups)
        self.stop("neo4j")
        backup(graph, self._backups)
        self.start()

    def restore_graph(self) -> None:
        """Load the last backup, with Neo4j stopped; start it, and compare the graph with the manifest."""
        graph, file = self.settings().neo4j, latest(self._backups)
        manifest = read_json(Manifest, file)
        self.stop("neo4j")
        restore(graph, file, manifest)
        self.start()
        require_restored(manifest, asyncio.run(until_answer(graph)))

    def back_up(self, server: str) -> None:
        """Copy what the server has stored, with the server stopped, and start it again."""
        self.stop(server)
        for path in self._stored(server):
            self._backups.mkdir(exist_ok=True)
            shutil.copy(path, self._backups / path.name)
        self.start()

    def restore(self, server: str) -> None:
        """Copy the backup of a server that does not run to its place, and start it."""
        for path in self._backups.glob(STORED[server]):
            shutil.copy(path, self._home / self.name / server / path.name)
        self.start()

    def end(self, *servers: str) -> None:
        """Stop servers of an extra; a later start leaves them out."""
        state = load_state(self._home, self.name)
        for server in servers:
            self.stop(server)
            state.servers[server].process = None
        state.save()

    def replace_data(self, server: str, data: Path) -> None:
        """Move another's data into the place of a server that does not run, and start it there."""
        for path in self._stored(server):
            shutil.rmtree(path)
        shutil.move(data, self._home / self.name / server / STORED[server])
        self.start()

    def damage(self, topic: str, partition: int) -> range:
        """Change the last byte of the last batch of a partition, on Kafka's disk; return the offsets of the batch."""
        (segment,) = (self._home / self.name / "kafka" / "data" / f"{topic}-{partition}").glob("*.log")
        stored, at = segment.read_bytes(), 0
        while (end := at + BATCH_HEAD + int.from_bytes(stored[at + BATCH_LENGTH :][:4])) < len(stored):
            at = end
        with segment.open("r+b") as file:
            file.seek(end - 1)
            file.write(bytes([stored[end - 1] ^ 1]))
        first = int.from_bytes(stored[at:][:8])
        return range(first, first + int.from_bytes(stored[at + LAST_OFFSET_DELTA :][:4]) + 1)

    def _up(self, progress: StackProgress, *extras: str) -> None:
        state = up(self.name, extras, progress, environment=self._shared, home=self._home, well_known_ports=False)
        self.environment.update(state.environment)

    def _stored(self, server: str) -> list[Path]:
        """Return the files or folders that a server keeps."""
        return sorted((self._home / self.name / server).glob(STORED[server]))

    @property
    def _backups(self) -> Path:
        return self._home / self.name / "backups"  # removed with the stack

    def freeze(self, server: str) -> None:
        """Send SIGSTOP: connections stay open, but nothing answers."""
        os.kill(self._identity(server).pid, signal.SIGSTOP)

    def thaw(self, server: str) -> None:
        """Send SIGCONT."""
        os.kill(self._identity(server).pid, signal.SIGCONT)

    def _identity(self, server: str) -> ProcessIdentity:
        identity = load_state(self._home, self.name).servers[server].process
        assert identity is not None, f"{server} does not run"
        return identity
