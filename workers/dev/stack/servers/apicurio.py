"""Apicurio Registry: the schema registry, with the Confluent API."""

from pathlib import Path

from workers.dev.stack.jars import unpack
from workers.dev.stack.ports import http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment
from workers.dev.stack.servers.java import java

CONFLUENT_PATH = "/apis/ccompat/v7"
NATIVE_PATH = "/apis/registry/v2"


def command(instance: Instance) -> Command:
    """Return the command that starts it.

    It stores schemas in a database file, because their ids must survive a restart as the records do.
    """
    (archive,) = instance.jars["apicurio"]
    runner = unpack(archive, instance.cache) / "quarkus-run.jar"
    options = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={_temporary(instance)}")
    environment = {
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "h2",
        "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{instance.folder / 'registry'}",
        "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "2",
        "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "2",
        "QUARKUS_HTTP_HOST": "127.0.0.1",
        "QUARKUS_HTTP_PORT": str(instance.ports["http"]),
        "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
        "QUARKUS_MANAGEMENT_PORT": str(instance.ports["management"]),
    }
    main_class = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"
    return Command(java(instance.folder, [runner], *options, main_class), {**plain_environment(), **environment})


def _temporary(instance: Instance) -> Path:
    folder = instance.folder / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


APICURIO = LocalServer(
    name="apicurio",
    title="Apicurio Registry",
    ports={"http": 8081, "management": 9000},
    address_variable="SCHEMA_REGISTRY_URL",
    jar_sets=("apicurio",),
    command=command,
    ready=lambda instance: http_ok(instance.ports["http"], f"{CONFLUENT_PATH}/subjects"),
    exports=lambda instance: {"SCHEMA_REGISTRY_URL": f"http://127.0.0.1:{instance.ports['http']}{CONFLUENT_PATH}"},
)
