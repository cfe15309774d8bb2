"""Neo4j Community with Bolt and, over HTTP, its Browser."""

from workers.dev.stack.java import BRIEF, java, run_once
from workers.dev.stack.probe import http_ok
from workers.dev.stack.server import Command, Server, Site, plain_environment

# The last line spares 8 s at each stop: without it Bolt waits for threads that have nothing left to do.
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

# Neo4j reaches into the runtime for its page cache and off-heap buffers.
JAVA_OPTIONS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def prepare(site: Site) -> None:
    """Write the configuration, and give a new database its password."""
    configuration = site.folder / "conf" / "neo4j.conf"
    configuration.parent.mkdir(exist_ok=True)
    configuration.write_text(CONFIGURATION.format(**site.ports))
    if not (site.folder / "data" / "dbms" / "auth.ini").exists():
        tool = java(site.folder, site.jars["neo4j"], *BRIEF, *JAVA_OPTIONS, "org.neo4j.cli.AdminTool")
        run_once([*tool, "dbms", "set-initial-password", site.secrets["password"]], site.log, _places(site))


def command(site: Site) -> Command:
    """Start the database."""
    heap = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC")
    places = (f"--home-dir={site.folder}", f"--config-dir={site.folder / 'conf'}")
    entry_point = "org.neo4j.server.CommunityEntryPoint"
    return Command(
        [*java(site.folder, site.jars["neo4j"], *heap, *JAVA_OPTIONS, entry_point), *places], plain_environment()
    )


def exports(site: Site) -> dict[str, str]:
    """Bolt for programs, HTTP for the Browser."""
    return {
        "NEO4J_URI": f"bolt://127.0.0.1:{site.ports['bolt']}",
        "NEO4J_USERNAME": "neo4j",
        "NEO4J_PASSWORD": site.secrets["password"],
        "NEO4J_DATABASE": "neo4j",
        "NEO4J_HTTP": f"http://127.0.0.1:{site.ports['http']}",
    }


def _places(site: Site) -> dict[str, str]:
    return {"NEO4J_HOME": str(site.folder), "NEO4J_CONF": str(site.folder / "conf")}


NEO4J = Server(
    name="neo4j",
    title="Neo4j",
    ports={"bolt": 7687, "http": 7474},
    replaced_by="NEO4J_URI",
    passed_on=("NEO4J_USERNAME", "NEO4J_PASSWORD", "NEO4J_PASSWORD_FILE", "NEO4J_DATABASE", "NEO4J_HTTP"),
    jar_sets=("neo4j",),
    secrets=("password",),
    prepare=prepare,
    command=command,
    ready=lambda site: http_ok(site.ports["http"], "/"),
    exports=exports,
)
