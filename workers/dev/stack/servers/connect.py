"""Kafka Connect, one distributed worker, with Debezium for PostgreSQL and the Avro converter as plugins."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workers.core.errors import Misconfigured
from workers.dev.stack.archive import unpacked
from workers.dev.stack.change_topic import CHANGES, ensure_change_topic
from workers.dev.stack.connector import Connector
from workers.dev.stack.java import LOG4J_PROPERTIES, java
from workers.dev.stack.probe import http_ok
from workers.dev.stack.server import Command, Server, Site, plain_environment
from workers.dev.stack.servers.apicurio import CONFLUENT_PATH, NATIVE_PATH

# Connectors and offsets are kept in Kafka, so that they survive a restart of the stack.
PROPERTIES = """\
bootstrap.servers={kafka}
group.id={prefix}
config.storage.topic={prefix}-configs
offset.storage.topic={prefix}-offsets
status.storage.topic={prefix}-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
offset.flush.interval.ms=1000
scheduled.rebalance.max.delay.ms=0
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
listeners=http://127.0.0.1:{rest}
rest.advertised.host.name=127.0.0.1
rest.advertised.port={rest}
plugin.path={plugins}
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.env.param.allowlist.pattern=^(REGISTRY_DATABASE|APICURIO_REGISTRY)_.*
"""
CONNECTOR = "registry"


def prepare(site: Site) -> None:
    """Write the configuration and fill the plugin folder."""
    if site.environment.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT") != "PLAINTEXT":
        raise Misconfigured(
            "Kafka Connect of the local stack speaks PLAINTEXT only, and KAFKA_SECURITY_PROTOCOL says otherwise:"
            " set KAFKA_CONNECT_URL to a Connect worker of that Kafka, or leave out --with cdc."
        )
    (site.folder / "log4j2.properties").write_text(LOG4J_PROPERTIES)
    (site.folder / "connect.properties").write_text(
        PROPERTIES.format(
            kafka=site.environment["KAFKA_BOOTSTRAP_SERVERS"],
            prefix=f"memory-graph-connect-{site.stack}",
            plugins=plugin_folder(site).parent,
            **site.ports,
        )
    )


def plugin_folder(site: Site) -> Path:
    """A folder with links to all jars of connector and converter: one folder, so that they share one class loader."""
    folder = site.folder / "plugins" / "debezium"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for file in site.jars["debezium"]:
        jars = unpacked(file, site.cache).rglob("*.jar") if file.name.endswith(".tar.gz") else [file]
        for jar in jars:
            (folder / jar.name).symlink_to(jar)
    return folder


def command(site: Site) -> Command:
    """Start the worker."""
    options = (
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={site.folder / 'log4j2.properties'}",
    )
    main_class = "org.apache.kafka.connect.cli.ConnectDistributed"
    argv = [*java(site.folder, site.jars["connect"], *options, main_class), str(site.folder / "connect.properties")]
    return Command(argv, {**plain_environment(), **referred_to(site.environment)})


def configuration() -> dict[str, str]:
    """The connector's configuration; addresses and password are names of environment variables of the worker."""
    found: dict[str, str] = json.loads(Path(__file__).with_name("connector.json").read_bytes())
    return found


def referred_to(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that the configuration names, from the stack's settings."""
    database, registry = urlsplit(settings["REGISTRY_DATABASE_URL"]), settings["SCHEMA_REGISTRY_URL"]
    if not registry.endswith(CONFLUENT_PATH):
        raise Misconfigured(
            f"SCHEMA_REGISTRY_URL is {registry}, and Debezium of the local stack needs an Apicurio Registry"
            f" (…{CONFLUENT_PATH}): unset it, or set KAFKA_CONNECT_URL to a Connect worker of yours."
        )
    return {
        "REGISTRY_DATABASE_HOST": database.hostname or "127.0.0.1",
        "REGISTRY_DATABASE_PORT": str(database.port or 5432),
        "REGISTRY_DATABASE_NAME": database.path.lstrip("/"),
        "REGISTRY_DATABASE_USER": unquote(database.username or ""),
        "REGISTRY_DATABASE_PASSWORD": unquote(database.password or ""),
        "APICURIO_REGISTRY_URL": registry.removesuffix(CONFLUENT_PATH) + NATIVE_PATH,
    }


def settle(settings: Mapping[str, str]) -> str:
    """Make the topic, then register the connector that writes to it."""
    partitions = ensure_change_topic(settings)
    _connector(settings).ensure(configuration())
    return f"connector {CONNECTOR} runs, {CHANGES} has {partitions} partitions"


def _connector(settings: Mapping[str, str]) -> Connector:
    return Connector(settings["KAFKA_CONNECT_URL"], CONNECTOR)


CONNECT = Server(
    name="connect",
    title="Kafka Connect",
    ports={"rest": 8083},
    replaced_by="KAFKA_CONNECT_URL",
    jar_sets=("connect", "debezium"),
    needs=("kafka", "apicurio", "postgres"),
    prepare=prepare,
    command=command,
    ready=lambda site: http_ok(site.ports["rest"], "/connectors"),
    exports=lambda site: {"KAFKA_CONNECT_URL": f"http://127.0.0.1:{site.ports['rest']}"},
    settle=settle,
    trouble=lambda settings: _connector(settings).failure(),
)
