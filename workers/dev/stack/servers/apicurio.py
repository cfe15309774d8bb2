"""Apicurio Registry: the schema registry, speaking the Confluent API."""

from pathlib import Path

from workers.dev.stack.archive import unpacked
from workers.dev.stack.java import java
from workers.dev.stack.probe import http_ok
from workers.dev.stack.server import Command, Server, Site, plain_environment

CONFLUENT_PATH = "/apis/ccompat/v7"
NATIVE_PATH = "/apis/registry/v2"


def command(site: Site) -> Command:
    """Start it on a database file of its own, so that schema ids outlive a restart as the records do."""
    (archive,) = site.jars["apicurio"]
    runner = unpacked(archive, site.cache) / "quarkus-run.jar"
    options = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={_temporary(site)}")
    environment = {
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "h2",
        "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{site.folder / 'registry'}",
        "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "2",
        "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "2",
        "QUARKUS_HTTP_HOST": "127.0.0.1",
        "QUARKUS_HTTP_PORT": str(site.ports["http"]),
        "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
        "QUARKUS_MANAGEMENT_PORT": str(site.ports["management"]),
    }
    main_class = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"
    return Command(java(site.folder, [runner], *options, main_class), {**plain_environment(), **environment})


def _temporary(site: Site) -> Path:
    folder = site.folder / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


APICURIO = Server(
    name="apicurio",
    title="Apicurio Registry",
    ports={"http": 8081, "management": 9000},
    replaced_by="SCHEMA_REGISTRY_URL",
    jar_sets=("apicurio",),
    command=command,
    ready=lambda site: http_ok(site.ports["http"], f"{CONFLUENT_PATH}/subjects"),
    exports=lambda site: {"SCHEMA_REGISTRY_URL": f"http://127.0.0.1:{site.ports['http']}{CONFLUENT_PATH}"},
)
