"""A streaming replica of the registry's database, asynchronous as by default, and without logical slots."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.chaos.running.servers import Servers
from workers.core.errors import Unreachable
from workers.dev.stack.ports import choose_port
from workers.dev.stack.process import ProcessIdentity, spawn, stop
from workers.dev.stack.server import plain_environment
from workers.dev.stack.servers.postgres import POSTGRES, give_to_unprivileged_user, server_command, settings_of

WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.05
STREAMS = (
    "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn >= pg_current_wal_flush_lsn()"
)
EMPTY = ("pg_wal", "pg_replslot")
"""Folders of the primary's own log and slots: the replica has its own."""


class Replica:
    """Runs beside the primary, until it takes the primary's data folder and address. Every call blocks."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers = servers
        self._primary = servers.environment["REGISTRY_DATABASE_URL"]
        self._program = servers.program_of("postgres")
        self._folder = folder
        self._data = folder / "data"
        self._port = choose_port([], set())
        self._process: ProcessIdentity | None = None
        where = urlsplit(self._primary)
        address = f"{(where.netloc.rpartition('@')[0])}@127.0.0.1:{self._port}"
        self.url = urlunsplit(where._replace(netloc=address))

    def copy(self) -> None:
        """Copy the primary, start the copy, and return when it has all that the primary has.

        https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        left_out = shutil.ignore_patterns("postmaster.*", *EMPTY)
        with psycopg.connect(self._primary, autocommit=True) as primary:
            _value(primary, "SELECT pg_backup_start('replica', fast => true)")
            data = _value(primary, "SHOW data_directory")
            shutil.copytree(data, self._data, ignore=left_out, copy_function=_copied)
            label = _value(primary, "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)")
        (self._data / "backup_label").write_text(label)
        (self._data / "standby.signal").touch()
        (self._data / "postgresql.auto.conf").write_text(f"primary_conninfo = '{self._primary}'\n")
        for folder in EMPTY:
            (self._data / folder).mkdir(mode=0o700)
        for path in (self._data, *self._data.rglob("*")):
            give_to_unprivileged_user(path)
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
        argv = server_command(self._program, self._folder, settings_of(self._port))
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


def _value(connection: psycopg.Connection[Any], query: LiteralString) -> Any:
    """Return the one value of the one row of a query."""
    row = connection.execute(query).fetchone()
    assert row is not None, query
    return row[0]


def _copied(source: str, target: str) -> None:
    """Copy a file, unless it was removed meanwhile: the log says so to the copy, too."""
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)
