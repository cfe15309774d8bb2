"""Kafka: one broker that is its own KRaft controller."""

import base64
import uuid

from workers.dev.stack.logs import log_contains
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment
from workers.dev.stack.servers.java import LOG4J_PROPERTIES, SHORT_LIVED, java, run_once
from workers.dev.stack.servers.kafka_users import ADMIN, BROKER, USERS
from workers.dev.stack.servers.kafka_users import admit as admit_users
from workers.dev.stack.tls.files import SUITES

# As in production, no topic is created by accident. One broker allows one replica only.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
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

PLAIN = """\
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client}
inter.broker.listener.name=PLAINTEXT
"""

# Clients log in by SCRAM at the first listener, or show a certificate at the second. A user has one name at both.
SECURE = """\
listeners=SASL_SSL://127.0.0.1:{client},SSL://127.0.0.1:{mutual},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_SSL://127.0.0.1:{client},SSL://127.0.0.1:{mutual}
listener.security.protocol.map=SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:SSL
inter.broker.listener.name=SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.ssl.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={both}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
ssl.enabled.protocols=TLSv1.3
ssl.cipher.suites={suites}
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin};User:{broker}
"""


def properties(instance: Instance) -> str:
    """Return the contents of ``server.properties``."""
    text = PROPERTIES.format(data=instance.folder / "data", **instance.ports)
    if instance.tls is None:
        return text + PLAIN.format(**instance.ports)
    files, tls = instance.tls.of_server(BROKER), instance.tls
    names = {"both": files.both, "authority": tls.authority, "suites": SUITES, "admin": ADMIN, "broker": BROKER}
    return text + SECURE.format(**instance.ports, **names)


def prepare(instance: Instance) -> None:
    """Write the configuration, and format the storage of a new broker."""
    configuration = instance.folder / "server.properties"
    configuration.write_text(properties(instance))
    (instance.folder / "log4j2.properties").write_text(LOG4J_PROPERTIES)
    if not (instance.folder / "data" / "meta.properties").exists():
        run_once(
            [
                *_java(instance, *SHORT_LIVED),
                "kafka.tools.StorageTool",
                "format",
                "-t",
                _cluster_id(),
                "-c",
                str(configuration),
            ],
            instance.log,
        )


def command(instance: Instance) -> Command:
    """Return the command that starts the broker."""
    heap = ("-Xms512m", "-Xmx512m", "-XX:+UseG1GC")
    return Command(
        [*_java(instance, *heap), "kafka.Kafka", str(instance.folder / "server.properties")], plain_environment()
    )


def _java(instance: Instance, *options: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={instance.folder / 'log4j2.properties'}"
    return java(instance.folder, instance.jars["kafka"], *options, logging)


def _cluster_id() -> str:
    """Return a random id of 22 base-64 characters. It never starts with a hyphen, which would make it an option."""
    return "m" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def admit(instance: Instance) -> None:
    """Create the users of a secure broker."""
    if instance.tls is not None:
        admit_users(instance, instance.tls)


def exports(instance: Instance) -> dict[str, str]:
    """Return the address, and how the administrator of a secure broker logs in."""
    address = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{instance.ports['client']}"}
    if instance.tls is None:
        return address
    return address | {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_USERNAME": ADMIN,
        "KAFKA_PASSWORD": instance.secrets[ADMIN],
        "KAFKA_SSL_CAFILE": str(instance.tls.authority),
        "KAFKA_MTLS_BOOTSTRAP_SERVERS": f"127.0.0.1:{instance.ports['mutual']}",
    }


KAFKA = LocalServer(
    name="kafka",
    title="Kafka",
    ports={"client": 9092, "controller": 9093},
    address_variable="KAFKA_BOOTSTRAP_SERVERS",
    other_variables=(
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SASL_MECHANISM",
        "KAFKA_USERNAME",
        "KAFKA_PASSWORD",
        "KAFKA_PASSWORD_FILE",
        "KAFKA_SSL_CAFILE",
        "KAFKA_SSL_CERTFILE",
        "KAFKA_SSL_KEYFILE",
    ),
    secure_ports={"mutual": 9094},
    secure_secrets=USERS,
    admit=admit,
    jar_sets=("kafka",),
    prepare=prepare,
    command=command,
    ready=lambda instance: log_contains(instance.log, "Kafka Server started"),
    exports=exports,
)
