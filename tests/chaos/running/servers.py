"""The chaos tests' own stack: its servers may be killed, frozen and restarted."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from workers.config.settings import Settings
from workers.dev.stack.lifecycle import up
from workers.dev.stack.process import ProcessIdentity, stop
from workers.dev.stack.progress import NoProgress, ProgressLines
from workers.dev.stack.servers import SERVERS
from workers.dev.stack.state import load_state


class Servers:
    """The servers of the stack ``name`` under ``home``. Every call blocks until it has finished."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self._home = home
        self.environment = dict(
            up(name, (), ProgressLines(), environment={}, home=home, well_known_ports=False).environment
        )

    def settings(self) -> Settings:
        """Return the settings that a program with this environment reads."""
        values = self.environment
        return Settings.model_validate(
            {
                "kafka": {"bootstrap_servers": values["KAFKA_BOOTSTRAP_SERVERS"]},
                "schema_registry": {"url": values["SCHEMA_REGISTRY_URL"]},
                "neo4j": {
                    "uri": values["NEO4J_URI"],
                    "username": values["NEO4J_USERNAME"],
                    "password": values["NEO4J_PASSWORD"],
                    "database": values["NEO4J_DATABASE"],
                },
            }
        )

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
        for server in load_state(self._home, self.name).servers:
            with suppress(OSError):
                self.thaw(server)
        up(self.name, (), NoProgress(), environment={}, home=self._home, well_known_ports=False)

    def dump_graph(self) -> None:
        """Stop Neo4j, dump its database, and start it again."""
        self._administer("dump", "--to-path", str(self._dumps))

    def load_graph(self) -> None:
        """Stop Neo4j, load the dump, and start it again."""
        self._administer("load", "--from-path", str(self._dumps))

    def _administer(self, verb: str, *where: str) -> None:
        """Run ``neo4j-admin database``, with the Java of the running server."""
        *java, _entry_point, home, configuration = psutil.Process(self._identity("neo4j").pid).cmdline()
        folders = {"NEO4J_HOME": home.partition("=")[2], "NEO4J_CONF": configuration.partition("=")[2]}
        self.stop("neo4j")
        self._dumps.mkdir(exist_ok=True)
        command = [*java, "org.neo4j.cli.AdminTool", "database", verb, "neo4j", *where, "--overwrite-destination=true"]
        subprocess.run(command, env={**os.environ, **folders}, check=True, capture_output=True)
        self.start()

    @property
    def _dumps(self) -> Path:
        return self._home / self.name / "dumps"  # removed with the stack

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
