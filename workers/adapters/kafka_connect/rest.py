"""Requests to Kafka Connect, plain or over TLS, and one sentence for each reason why there is no answer.

https://kafka.apache.org/documentation/#connect_rest
"""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from workers.config.settings import KafkaConnectSettings
from workers.config.settings_faults import without_credentials
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured, Unreachable
from workers.core.one_line import one_line


def ask(
    settings: KafkaConnectSettings, method: str, path: str, body: str | None = None, *, timeout_seconds: float
) -> tuple[int, bytes]:
    """Send a request, with a body of JSON if there is one; return status and body of the answer. Blocks.

    Raises ``Unreachable``, and ``Misconfigured`` for a server that cannot be trusted.
    """
    connection = _connection(settings, timeout_seconds)
    try:
        connection.request(method, urlsplit(settings.url or "").path + path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException, ValueError) as error:
        raise no_answer(settings, error) from None
    finally:
        connection.close()


def no_answer(settings: KafkaConnectSettings, error: Exception) -> Misconfigured | Unreachable:
    """Return what to raise where there is no answer, or none of Kafka Connect."""
    shown = without_credentials(settings.url or "")
    if fault := tls_fault(error, "KAFKA_CONNECT_URL", "KAFKA_CONNECT_CAFILE"):
        return Misconfigured(f"Kafka Connect at {shown} cannot be reached over TLS: {fault}")
    return Unreachable(f"Kafka Connect at {shown} does not answer ({one_line(error)}): start it")


def _connection(settings: KafkaConnectSettings, timeout_seconds: float) -> HTTPConnection:
    parts = urlsplit(settings.url or "")
    host = parts.hostname or ""
    if parts.scheme != "https":
        return HTTPConnection(host, parts.port, timeout=timeout_seconds)
    authority = PemFile("KAFKA_CONNECT_CAFILE", settings.cafile) if settings.cafile else None
    context = ClientContext(settings.tls_min_version, authority)
    return HTTPSConnection(host, parts.port, timeout=timeout_seconds, context=context)
