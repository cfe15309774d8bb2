"""Kafka Connect: one distributed worker with Debezium for PostgreSQL and the Avro converter."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, unquote, urlsplit

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_plan import plan_topics
from workers.adapters.kafka.topics import apply_changes, present_topics
from workers.config.settings import KafkaSettings, Settings
from workers.config.topics import dead_letter_topic
from workers.config.variables import variable_of
from workers.core.errors import Misconfigured
from workers.dev.stack.jars import unpack
from workers.dev.stack.ports import http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, authority_of, plain_environment
from workers.dev.stack.servers.apicurio import CONFLUENT_PATH, NATIVE_PATH
from workers.dev.stack.servers.connect_access import (
    CHANGE_TOPIC,
    HEARTBEAT_TOPIC,
    group_of,
    kafka_properties,
    rest_properties,
)
from workers.dev.stack.servers.connector import Connector
from workers.dev.stack.servers.java import LOG4J_PROPERTIES, java
from workers.dev.stack.tls.certificates import replace_file
from workers.pipelines.fleet import load_topology

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
rest.advertised.host.name=127.0.0.1
rest.advertised.port={rest}
plugin.path={plugins}
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.env.param.allowlist.pattern=^(REGISTRY_DATABASE|APICURIO_REGISTRY)_.*
"""
CONNECTOR = "registry"
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def prepare(instance: Instance) -> None:
    """Write the configuration, which may hold passwords, and fill the plugin folder. Raises ``Misconfigured``."""
    (instance.folder / "log4j2.properties").write_text(LOG4J_PROPERTIES)
    properties = PROPERTIES.format(
        kafka=instance.environment["KAFKA_BOOTSTRAP_SERVERS"],
        prefix=group_of(instance.stack),
        plugins=plugin_folder(instance).parent,
        **instance.ports,
    )
    access = kafka_properties(instance) + rest_properties(instance)
    replace_file(instance.folder / "connect.properties", properties + access)


def plugin_folder(instance: Instance) -> Path:
    """Return a folder with links to all jars of connector and converter.

    It is one folder, because they must share one class loader.
    """
    folder = instance.folder / "plugins" / "debezium"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for file in instance.jars["debezium"]:
        jars = unpack(file, instance.cache).rglob("*.jar") if file.name.endswith(".tar.gz") else [file]
        for jar in jars:
            (folder / jar.name).symlink_to(jar)
    return folder


def command(instance: Instance) -> Command:
    """Return the command that starts the Connect worker."""
    options = (
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={instance.folder / 'log4j2.properties'}",
    )
    main_class = "org.apache.kafka.connect.cli.ConnectDistributed"
    argv = [
        *java(instance.folder, instance.jars["connect"], *options, main_class),
        str(instance.folder / "connect.properties"),
    ]
    return Command(argv, {**plain_environment(), **connector_variables(instance.environment)})


def configuration(settings: Mapping[str, str] = NO_SETTINGS) -> dict[str, str]:
    """Return the connector's configuration, with those lines for TLS that the stack's settings have a value for.

    It names environment variables of the Connect worker instead of addresses and passwords.
    """
    known = {f"${{env:{name}}}" for name in _tls_variables(settings)}
    return {**_lines("connector.json"), **{k: v for k, v in _lines("connector_tls.json").items() if v in known}}


def _lines(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(Path(__file__).with_name(name).read_bytes())
    return found


def connector_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the connector's configuration names. Raises Misconfigured."""
    database, registry = urlsplit(settings["REGISTRY_DATABASE_URL"]), settings["SCHEMA_REGISTRY_URL"]
    if not registry.endswith(CONFLUENT_PATH):
        raise Misconfigured(
            f"SCHEMA_REGISTRY_URL is {registry}, and Debezium of the local stack needs an Apicurio Registry"
            f" (…{CONFLUENT_PATH}): unset it, or set KAFKA_CONNECT_URL to your own Connect worker."
        )
    return {
        "REGISTRY_DATABASE_HOST": database.hostname or "127.0.0.1",
        "REGISTRY_DATABASE_PORT": str(database.port or 5432),
        "REGISTRY_DATABASE_NAME": database.path.lstrip("/"),
        "REGISTRY_DATABASE_USER": unquote(database.username or ""),
        "REGISTRY_DATABASE_PASSWORD": unquote(database.password or ""),
        "APICURIO_REGISTRY_URL": registry.removesuffix(CONFLUENT_PATH) + NATIVE_PATH,
        **_tls_variables(settings),
    }


def _tls_variables(settings: Mapping[str, str]) -> dict[str, str]:
    authority = settings.get("REGISTRY_DATABASE_CAFILE", "")
    modes = parse_qs(urlsplit(settings.get("REGISTRY_DATABASE_URL", "")).query).get("sslmode", [])
    found = {
        "REGISTRY_DATABASE_SSLMODE": modes[-1] if modes else "verify-full" if authority else "",
        "REGISTRY_DATABASE_CAFILE": authority,
        "APICURIO_REGISTRY_CAFILE": settings.get("SCHEMA_REGISTRY_CAFILE", ""),
        "APICURIO_REGISTRY_USERNAME": settings.get("SCHEMA_REGISTRY_USERNAME", ""),
        "APICURIO_REGISTRY_PASSWORD": settings.get("SCHEMA_REGISTRY_PASSWORD", ""),
    }
    return {name: value for name, value in found.items() if value}


def provision(settings: Mapping[str, str]) -> str:
    """Create the topic, then register the connector that writes to it."""
    partitions = ensure_topics(settings)
    _connector(settings).ensure(configuration(settings))
    return f"connector {CONNECTOR} runs, {CHANGE_TOPIC} has {partitions} partitions"


def ensure_topics(settings: Mapping[str, str]) -> int:
    """Create the connector's topics and the dead-letter topic of its changes; return the partitions of the changes.

    This comes before Debezium writes: it waits for ever for a topic that is not there, and Connect would create it with
    one partition. Raises ``Misconfigured`` when topology.yaml lacks one, or Kafka has it with other partitions;
    ``Unreachable``.
    """
    path = Settings.from_environment().topology_path
    topology = load_topology(path)
    for topic in (CHANGE_TOPIC, HEARTBEAT_TOPIC):
        if topic not in topology.topics:
            raise Misconfigured(f"{path} has no topic {topic}, which --with cdc uses: add it.")
    names = (CHANGE_TOPIC, dead_letter_topic(CHANGE_TOPIC), HEARTBEAT_TOPIC)
    wanted = {topic: topology.all_topics[topic] for topic in names}
    admin = Admin(_kafka(settings))
    plan = plan_topics(wanted, present_topics(admin, wanted))
    if plan.refusals:
        raise Misconfigured("; ".join(plan.refusals))
    apply_changes(admin, plan.changes, replication_factor=topology.replication_factor, execute=True)
    return wanted[CHANGE_TOPIC].partitions


def _kafka(settings: Mapping[str, str]) -> KafkaSettings:
    variables = {field: settings.get(variable_of(("kafka", field))) for field in KafkaSettings.model_fields}
    return KafkaSettings.model_validate({field: value for field, value in variables.items() if value is not None})


def _connector(settings: Mapping[str, str]) -> Connector:
    authority = settings.get("KAFKA_CONNECT_CAFILE")
    return Connector(settings["KAFKA_CONNECT_URL"], CONNECTOR, Path(authority) if authority else None)


def exports(instance: Instance) -> dict[str, str]:
    """Return the address of its REST interface, and whom clients of a secure one must trust."""
    address = f"127.0.0.1:{instance.ports['rest']}"
    if instance.tls is None:
        return {"KAFKA_CONNECT_URL": f"http://{address}"}
    return {"KAFKA_CONNECT_URL": f"https://{address}", "KAFKA_CONNECT_CAFILE": str(instance.tls.authority)}


CONNECT = LocalServer(
    name="connect",
    title="Kafka Connect",
    ports={"rest": 8083},
    address_variable="KAFKA_CONNECT_URL",
    other_variables=("KAFKA_CONNECT_CAFILE",),
    jar_sets=("connect", "debezium"),
    needs=("kafka", "apicurio", "postgres"),
    secure_secrets=("key_store",),
    prepare=prepare,
    command=command,
    ready=lambda instance: http_ok(instance.ports["rest"], "/connectors", authority=authority_of(instance)),
    exports=exports,
    provision=provision,
    trouble=lambda settings: _connector(settings).failure(),
)
