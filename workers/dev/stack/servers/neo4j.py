"""Neo4j Community: Bolt for programs, and its Browser over HTTP."""

import shlex

from workers.dev.stack.ports import http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, authority_of, plain_environment
from workers.dev.stack.servers.java import SHORT_LIVED, argument_file, java, run_once
from workers.dev.stack.tls.files import SUITES

# A graph that grows from nothing would have its queries planned again every ten seconds: that took more of the
# processor than the queries. The last line saves 8 s at each stop: without it Bolt waits for idle threads.
CONFIGURATION = """\
server.default_listen_address=127.0.0.1
server.default_advertised_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{bolt}
server.bolt.advertised_address=127.0.0.1:{bolt}
server.memory.heap.initial_size=1g
server.memory.heap.max_size=1g
server.memory.pagecache.size=512m
db.tx_log.rotation.retention_policy=256M size
dbms.cypher.min_replan_interval=1m
dbms.usage_report.enabled=false
internal.server.bolt.thread_pool_shutdown_wait_time=1s
"""

PLAIN = """\
server.http.enabled=true
server.http.listen_address=127.0.0.1:{http}
server.http.advertised_address=127.0.0.1:{http}
server.https.enabled=false
"""

SECURE = """\
server.bolt.tls_level=REQUIRED
server.http.enabled=false
server.https.enabled=true
server.https.listen_address=127.0.0.1:{http}
server.https.advertised_address=127.0.0.1:{http}
"""
POLICY = """\
dbms.ssl.policy.{scope}.enabled=true
dbms.ssl.policy.{scope}.base_directory={folder}
dbms.ssl.policy.{scope}.public_certificate={files.certificate.name}
dbms.ssl.policy.{scope}.private_key={files.key.name}
dbms.ssl.policy.{scope}.client_auth=NONE
dbms.ssl.policy.{scope}.tls_versions=TLSv1.3
dbms.ssl.policy.{scope}.ciphers={suites}
"""

# Neo4j uses internals of the Java runtime for its page cache and off-heap buffers.
JAVA_OPTIONS: tuple[str, ...] = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def prepare(instance: Instance) -> None:
    """Write the configuration, and set the password of a new database."""
    path = instance.folder / "conf" / "neo4j.conf"
    path.parent.mkdir(exist_ok=True)
    path.write_text(configuration(instance))
    _write_admin(instance)
    if not (instance.folder / "data" / "dbms" / "auth.ini").exists():
        file = instance.folder / "password.args"
        arguments = ["org.neo4j.cli.AdminTool", "dbms", "set-initial-password", instance.secrets["password"]]
        named = argument_file(arguments, file)
        tool = java(instance.folder, instance.jars["neo4j"], *SHORT_LIVED, *JAVA_OPTIONS, named)
        try:
            run_once(tool, instance.log, _folders(instance))
        finally:
            file.unlink()


def _write_admin(instance: Instance) -> None:
    """Write ``bin/neo4j-admin``, as an installed Neo4j has it."""
    script = instance.folder / "bin" / "neo4j-admin"
    script.parent.mkdir(exist_ok=True)
    tool = java(instance.folder, instance.jars["neo4j"], *SHORT_LIVED, *JAVA_OPTIONS, "org.neo4j.cli.AdminTool")
    variables = [f"{name}={shlex.quote(folder)}" for name, folder in _folders(instance).items()]
    script.write_text(f'#!/bin/sh\nexport {" ".join(variables)}\nexec {shlex.join(tool)} "$@"\n')
    script.chmod(0o700)


def configuration(instance: Instance) -> str:
    """Return the contents of ``neo4j.conf``."""
    return CONFIGURATION.format(**instance.ports) + _encryption(instance)


def _encryption(instance: Instance) -> str:
    if instance.tls is None:
        return PLAIN.format(**instance.ports)
    files = instance.tls.of_server("neo4j")
    policies = [
        POLICY.format(scope=scope, folder=files.key.parent, files=files, suites=SUITES) for scope in ("bolt", "https")
    ]
    return SECURE.format(**instance.ports) + "".join(policies)


def command(instance: Instance) -> Command:
    """Return the command that starts the database."""
    heap = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC")
    folders = (f"--home-dir={instance.folder}", f"--config-dir={instance.folder / 'conf'}")
    entry_point = "org.neo4j.server.CommunityEntryPoint"
    return Command(
        [*java(instance.folder, instance.jars["neo4j"], *heap, *JAVA_OPTIONS, entry_point), *folders],
        plain_environment(),
    )


def exports(instance: Instance) -> dict[str, str]:
    """Return the addresses of Bolt for programs, and of HTTP for the Browser."""
    tls = {"NEO4J_CAFILE": str(instance.tls.authority)} if instance.tls else {}
    return tls | {
        "NEO4J_URI": f"{'bolt+s' if tls else 'bolt'}://127.0.0.1:{instance.ports['bolt']}",
        "NEO4J_USERNAME": "neo4j",
        "NEO4J_PASSWORD": instance.secrets["password"],
        "NEO4J_DATABASE": "neo4j",
        "NEO4J_HOME": str(instance.folder),
        "NEO4J_HTTP": f"{'https' if tls else 'http'}://127.0.0.1:{instance.ports['http']}",
    }


def _folders(instance: Instance) -> dict[str, str]:
    return {"NEO4J_HOME": str(instance.folder), "NEO4J_CONF": str(instance.folder / "conf")}


NEO4J = LocalServer(
    name="neo4j",
    title="Neo4j",
    ports={"bolt": 7687, "http": 7474},
    address_variable="NEO4J_URI",
    other_variables=(
        "NEO4J_USERNAME",
        "NEO4J_PASSWORD",
        "NEO4J_PASSWORD_FILE",
        "NEO4J_DATABASE",
        "NEO4J_HOME",
        "NEO4J_HTTP",
        "NEO4J_CAFILE",
    ),
    jar_sets=("neo4j",),
    secrets=("password",),
    prepare=prepare,
    command=command,
    ready=lambda instance: http_ok(instance.ports["http"], "/", authority=authority_of(instance)),
    exports=exports,
)
