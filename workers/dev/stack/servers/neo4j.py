"""Neo4j Community: Bolt for programs, and its Browser over HTTP."""

from workers.dev.stack.ports import http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment
from workers.dev.stack.servers.java import SHORT_LIVED, java, run_once

# The last line saves 8 s at each stop: without it Bolt waits for idle threads.
CONFIGURATION = """\
server.default_listen_address=127.0.0.1
server.default_advertised_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{bolt}
server.bolt.advertised_address=127.0.0.1:{bolt}
server.http.enabled=true
server.http.listen_address=127.0.0.1:{http}
server.http.advertised_address=127.0.0.1:{http}
server.https.enabled=false
server.memory.heap.initial_size=1g
server.memory.heap.max_size=1g
server.memory.pagecache.size=512m
db.tx_log.rotation.retention_policy=256M size
dbms.usage_report.enabled=false
internal.server.bolt.thread_pool_shutdown_wait_time=1s
"""

# Neo4j uses internals of the Java runtime for its page cache and off-heap buffers.
JAVA_OPTIONS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def prepare(instance: Instance) -> None:
    """Write the configuration, and set the password of a new database."""
    configuration = instance.folder / "conf" / "neo4j.conf"
    configuration.parent.mkdir(exist_ok=True)
    configuration.write_text(CONFIGURATION.format(**instance.ports))
    if not (instance.folder / "data" / "dbms" / "auth.ini").exists():
        tool = java(instance.folder, instance.jars["neo4j"], *SHORT_LIVED, *JAVA_OPTIONS, "org.neo4j.cli.AdminTool")
        run_once(
            [*tool, "dbms", "set-initial-password", instance.secrets["password"]], instance.log, _folders(instance)
        )


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
    return {
        "NEO4J_URI": f"bolt://127.0.0.1:{instance.ports['bolt']}",
        "NEO4J_USERNAME": "neo4j",
        "NEO4J_PASSWORD": instance.secrets["password"],
        "NEO4J_DATABASE": "neo4j",
        "NEO4J_HTTP": f"http://127.0.0.1:{instance.ports['http']}",
    }


def _folders(instance: Instance) -> dict[str, str]:
    return {"NEO4J_HOME": str(instance.folder), "NEO4J_CONF": str(instance.folder / "conf")}


NEO4J = LocalServer(
    name="neo4j",
    title="Neo4j",
    ports={"bolt": 7687, "http": 7474},
    address_variable="NEO4J_URI",
    other_variables=("NEO4J_USERNAME", "NEO4J_PASSWORD", "NEO4J_PASSWORD_FILE", "NEO4J_DATABASE", "NEO4J_HTTP"),
    jar_sets=("neo4j",),
    secrets=("password",),
    prepare=prepare,
    command=command,
    ready=lambda instance: http_ok(instance.ports["http"], "/"),
    exports=exports,
)
