"""Kafka: one broker that is its own KRaft controller."""

import base64
import uuid

from workers.dev.stack.java import BRIEF, LOG4J_PROPERTIES, java, run_once
from workers.dev.stack.probe import says
from workers.dev.stack.server import Command, Server, Site, plain_environment

# Topics are made on purpose only, as in production. With one broker there is one replica of everything.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def properties(site: Site) -> str:
    """The contents of ``server.properties``."""
    return PROPERTIES.format(data=site.folder / "data", **site.ports)


def prepare(site: Site) -> None:
    """Write the configuration, and format the storage of a new broker."""
    configuration = site.folder / "server.properties"
    configuration.write_text(properties(site))
    (site.folder / "log4j2.properties").write_text(LOG4J_PROPERTIES)
    if not (site.folder / "data" / "meta.properties").exists():
        run_once(
            [*_java(site, *BRIEF), "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(configuration)],
            site.log,
        )


def command(site: Site) -> Command:
    """Start the broker."""
    heap = ("-Xms512m", "-Xmx512m", "-XX:+UseG1GC")
    return Command([*_java(site, *heap), "kafka.Kafka", str(site.folder / "server.properties")], plain_environment())


def _java(site: Site, *options: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={site.folder / 'log4j2.properties'}"
    return java(site.folder, site.jars["kafka"], *options, logging)


def _cluster_id() -> str:
    """A random id in Kafka's own form, 22 characters of base 64; it must not look like an option."""
    return "m" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


KAFKA = Server(
    name="kafka",
    title="Kafka",
    ports={"client": 9092, "controller": 9093},
    replaced_by="KAFKA_BOOTSTRAP_SERVERS",
    passed_on=(
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SASL_MECHANISM",
        "KAFKA_USERNAME",
        "KAFKA_PASSWORD",
        "KAFKA_PASSWORD_FILE",
        "KAFKA_SSL_CAFILE",
    ),
    jar_sets=("kafka",),
    prepare=prepare,
    command=command,
    ready=lambda site: says(site.log, "Kafka Server started"),
    exports=lambda site: {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{site.ports['client']}"},
)
