"""A streaming replica of the registry's database, asynchronous as by default, and without logical slots."""

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.chaos.running.servers import Servers
from workers.core.errors import Unreachable
from workers.dev.stack.ports import choose_port
from workers.dev.stack.process import ProcessIdentity, spawn, stop
from workers.dev.stack.server import plain_environment
from workers.dev.stack.servers.postgres import POSTGRES, give_to_unprivileged_user, program

WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.05
STREAMS = (
    "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn >= pg_current_wal_flush_lsn()"
)


class Replica:
    """Runs beside the primary, until it takes the primary's data folder and address. Every call blocks."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers = servers
        self._primary = servers.environment["REGISTRY_DATABASE_URL"]
        self._folder = folder
        self._data = folder / "data"
        self._port = choose_port([], set())
        self._process: ProcessIdentity | None = None
        where = urlsplit(self._primary)
        address = f"{(where.netloc.rpartition('@')[0])}@127.0.0.1:{self._port}"
        self.url = urlunsplit(where._replace(netloc=address))

    def copy(self) -> None:
        """Copy the primary, start the copy, and return when it has all that the primary has."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._data.mkdir(parents=True, mode=0o700)
        give_to_unprivileged_user(self._data)
        where = urlsplit(self._primary)
        options = ("-D", str(self._data), "-R", "-X", "stream", "-c", "fast", "--no-sync")
        address = ("-h", "127.0.0.1", "-p", str(where.port), "-U", str(where.username))
        subprocess.run(
            [*program("pg_basebackup", self._folder), *options, *address],
            env={**plain_environment(), "PGPASSWORD": str(where.password)},
            check=True,
            capture_output=True,
        )
        self.start()
        self.catch_up()

    def catch_up(self) -> None:
        """Return when it has replayed all that the primary has."""
        deadline = time.monotonic() + WITHIN_SECONDS
        with psycopg.connect(self._primary, autocommit=True) as primary:
            while primary.execute(STREAMS).fetchone() != (1,):
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(POLL_SECONDS)

    def start(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "port": self._port, "unix_socket_directories": ""}
        settings |= {"wal_level": "logical", "shared_buffers": "32MB"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = [*program("postgres", self._folder), "-D", str(self._data), *options]
        self._process = spawn(argv, plain_environment(), self._folder, self._folder / "log")
        deadline = time.monotonic() + WITHIN_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop it, if it runs: what the primary writes meanwhile it does not have."""
        if self._process is not None:
            stop(self._process, POSTGRES.stop_signal, POSTGRES.grace_seconds)
            self._process = None

    def promote(self) -> None:
        """Start it without its primary, and make it one."""
        self.start()
        with psycopg.connect(self.url, autocommit=True) as replica:
            assert replica.execute("SELECT pg_promote()").fetchone() == (True,)

    def take_over(self) -> None:
        """Take the data folder and the address of the primary, which does not run."""
        self.stop()
        with suppress(Unreachable):  # the connector has failed already
            self._servers.replace_data("postgres", self._data)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True
