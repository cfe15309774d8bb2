"""Why Kafka turns a client away, in one sentence with server, cause and fix."""

from collections.abc import Iterable
from socket import create_connection
from ssl import SSLError

from confluent_kafka import KafkaError

from workers.adapters.kafka.client import kafka_context
from workers.config.settings import KafkaSettings
from workers.config.tls.faults import tls_fault

LOGIN = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - librdkafka's local error codes are spelled this way
    KafkaError.SASL_AUTHENTICATION_FAILED,
}
FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
VARIABLES = ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SSL_CAFILE")
PROBE_SECONDS = 5.0
ALLOW = "allow it with `memory-graph topology acls --execute`"


def turned_away(kafka: KafkaSettings, errors: Iterable[KafkaError], what: str = "this") -> str | None:
    """Return the sentence for the first error that says why; ``None`` where none does.

    ``what`` names what was asked for, such as ``write events.dlq``.
    """
    return next((sentence for error in errors if (sentence := _sentence(kafka, error, what))), None)


def _sentence(kafka: KafkaSettings, error: KafkaError, what: str) -> str | None:
    where = f"Kafka at {kafka.bootstrap_servers}"
    if error.code() in LOGIN:
        return (
            f"{where} does not accept {who(kafka)} with this password ({in_short(error)}): set KAFKA_USERNAME, "
            "KAFKA_PASSWORD (or KAFKA_PASSWORD_FILE) and KAFKA_SASL_MECHANISM"
        )
    if error.code() in FORBIDDEN:
        return f"{where} does not let {who(kafka)} do {what} ({in_short(error)}): {ALLOW}"
    fault = tls_fault(error.str(), *VARIABLES)
    if fault is not None or error.code() == KafkaError._SSL:  # noqa: SLF001 - same reason as above
        return f"{where} cannot be reached over TLS: {_probed(kafka) or fault or in_short(error)}"
    return None


def _probed(kafka: KafkaSettings) -> str | None:
    """Shake hands once more, by Python: librdkafka says the same of an expired, a foreign and another's certificate."""
    context = kafka_context(kafka)
    for server in kafka.bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            with (
                create_connection((host, int(port)), PROBE_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=host),
            ):
                continue
        except SSLError as error:
            return tls_fault(error, *VARIABLES)
        except OSError:
            continue
    return None


def who(kafka: KafkaSettings) -> str:
    """Return how Kafka knows this client."""
    if kafka.uses_sasl:
        return f"user {kafka.username!r}"
    return f"the owner of KAFKA_SSL_CERTFILE={kafka.ssl_certfile}" if kafka.ssl_certfile else "a client without a login"


def in_short(cause: KafkaError) -> str:
    """Leave out how long it took and in what state of the connection."""
    return " ".join(cause.str().partition(" (after")[0].split())
