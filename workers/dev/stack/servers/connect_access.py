"""Who the Connect worker of a secure stack is for Kafka, what it may do there, and how others reach it over TLS."""

from pathlib import Path

from workers.adapters.kafka.access.acls import Acl
from workers.core.errors import Misconfigured
from workers.dev.stack.server import Instance
from workers.dev.stack.tls.certificates import replace_file
from workers.dev.stack.tls.files import SUITES, as_user
from workers.ops.acls import user_of

CONNECT = user_of("connect")
CHANGE_TOPIC = "registry-changes"
HEARTBEAT_TOPIC = "registry-heartbeats"
"""The topic for what the connector sends of itself, and not of a row."""
OWN_TOPICS = ("configs", "offsets", "status")
CLIENTS = ("", "producer.", "consumer.", "admin.")
"""The prefixes of its own clients, and of those of its connectors."""
# Its own topics are compacted, which it looks up at each start.
OF_OWN_TOPICS = ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS")

KAFKA = """\
{client}security.protocol=SASL_SSL
{client}sasl.mechanism=SCRAM-SHA-512
{client}sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="{user}" password="{password}";
{client}ssl.truststore.type=PEM
{client}ssl.truststore.location={authority}
{client}ssl.enabled.protocols=TLSv1.3
{client}ssl.cipher.suites={suites}
"""
# Jetty reads a key store of Java, and no PEM.
REST = """\
listeners=https://127.0.0.1:{port}
listeners.https.ssl.keystore.type=PKCS12
listeners.https.ssl.keystore.location={store}
listeners.https.ssl.keystore.password={password}
listeners.https.ssl.key.password={password}
listeners.https.ssl.enabled.protocols=TLSv1.3
listeners.https.ssl.cipher.suites={suites}
"""


def group_of(stack: str) -> str:
    """Return the group of a stack's Connect workers, with which the names of its own topics begin."""
    return f"memory-graph-connect-{stack}"


def connect_acls(stack: str) -> list[Acl]:
    """Return what it does in Kafka: its group, its own topics, and what the connector writes."""
    group = group_of(stack)
    own = [Acl("TOPIC", f"{group}-{topic}", OF_OWN_TOPICS) for topic in OWN_TOPICS]
    written = [Acl("TOPIC", topic, ("WRITE",)) for topic in (CHANGE_TOPIC, HEARTBEAT_TOPIC)]
    return [Acl("GROUP", group, ("READ",)), *own, *written]


def kafka_properties(instance: Instance) -> str:
    """Return how it logs in to Kafka; nothing for a plain one. Raises ``Misconfigured`` for a secure one of others."""
    protocol = instance.environment.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    if protocol == "PLAINTEXT":
        return ""
    if instance.tls is None or "KAFKA_MTLS_BOOTSTRAP_SERVERS" not in instance.environment:
        raise Misconfigured(
            f"KAFKA_SECURITY_PROTOCOL is {protocol}, and Kafka Connect of the local stack has no user in that Kafka:"
            " set KAFKA_CONNECT_URL to a Connect worker of that Kafka, or leave out --with cdc."
        )
    login = as_user(instance.environment, instance.tls, CONNECT)
    password = Path(login["KAFKA_PASSWORD_FILE"]).read_text()
    names = {"user": CONNECT, "password": password, "authority": instance.tls.authority, "suites": SUITES}
    return "".join(KAFKA.format(client=client, **names) for client in CLIENTS)


def rest_properties(instance: Instance) -> str:
    """Return where it listens; write the key store that a secure one shows."""
    port = instance.ports["rest"]
    if instance.tls is None:
        return f"listeners=http://127.0.0.1:{port}\n"
    store, password = instance.folder / "tls.p12", instance.secrets["key_store"]
    replace_file(store, instance.tls.key_store_of("connect", password))
    return REST.format(port=port, store=store, password=password, suites=SUITES)
