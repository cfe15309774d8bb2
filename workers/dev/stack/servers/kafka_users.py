"""The users of a secure Kafka: an administrator; workers, operators and Kafka Connect with the least that they need."""

from workers.adapters.kafka.access.users import set_scram_password
from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings, SecurityProtocol, Settings
from workers.dev.stack.server import Instance
from workers.dev.stack.servers.connect_access import CONNECT, connect_acls
from workers.dev.stack.tls.certificates import replace_file
from workers.dev.stack.tls.files import StackTls
from workers.ops.acls import OPERATOR, allow_all, fleet_acls, user_of
from workers.pipelines.fleet import FLEET, load_topology

ADMIN = "admin"
BROKER = "kafka"
"""The CN of the broker's own certificate."""
USERS = (ADMIN, *map(user_of, (*FLEET, OPERATOR)), CONNECT)


def admit(instance: Instance, tls: StackTls) -> None:
    """Create the users with their passwords and certificates; allow each worker what topology.yaml asks for.

    This uses the listener for certificates: anybody could read a password on the command line of Kafka's own tool.
    """
    settings = _administrator(instance, tls)
    for user in USERS:
        tls.of_user(user)
        set_password(settings, tls, user, instance.secrets[user])
    fleet = fleet_acls(load_topology(Settings.from_environment().topology_path))
    allow_all(settings, {**fleet, CONNECT: connect_acls(instance.stack)})


def set_password(kafka: KafkaSettings, tls: StackTls, user: str, password: str) -> None:
    """Set a user's password in Kafka, then write it to the user's file. Raises ``Misconfigured``, ``Unreachable``."""
    set_scram_password(Admin(kafka), user, password)
    replace_file(tls.user_folder(user) / "password", password)


def _administrator(instance: Instance, tls: StackTls) -> KafkaSettings:
    files = tls.of_user(ADMIN)
    return KafkaSettings(
        bootstrap_servers=f"127.0.0.1:{instance.ports['mutual']}",
        security_protocol=SecurityProtocol.SSL,
        ssl_cafile=tls.authority,
        ssl_certfile=files.certificate,
        ssl_keyfile=files.key,
    )
