"""The state of a connector and of its tasks."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from workers.config.settings import KafkaConnectSettings
from workers.config.settings_faults import without_credentials
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured, Unreachable
from workers.core.one_line import one_line

TIMEOUT_SECONDS = 10
OK, NOT_FOUND = 200, 404
RUNNING = "RUNNING"


def connector_status(settings: KafkaConnectSettings, connector: str) -> Any:
    """Return Connect's answer, ``None`` where there is no such connector. Blocks.

    Raises ``Unreachable``, and ``Misconfigured`` for a server that cannot be trusted.
    """
    url = settings.url or ""
    parts, shown = urlsplit(url), without_credentials(url)
    connection = _connection(settings, parts.hostname or "", parts.port)
    try:
        connection.request("GET", f"{parts.path}/connectors/{connector}/status")
        response = connection.getresponse()
        answer = response.read()
        if response.status == NOT_FOUND:
            return None
        if response.status != OK:
            raise Unreachable(f"Kafka Connect at {shown} answers with {response.status}: look at its log")
        return _checked(json.loads(answer))
    except (OSError, HTTPException, ValueError) as error:
        if fault := tls_fault(error, "KAFKA_CONNECT_URL", "KAFKA_CONNECT_CAFILE"):
            raise Misconfigured(f"Kafka Connect at {shown} cannot be reached over TLS: {fault}") from None
        raise Unreachable(f"Kafka Connect at {shown} does not answer ({one_line(error)}): start it") from None
    finally:
        connection.close()


def _checked(status: Any) -> Any:
    """Return the answer if it has the shape of Kafka Connect's. Raises ``ValueError``."""
    try:
        parts = [status["connector"], *status["tasks"]]
        if all(isinstance(part["state"], str) for part in parts) and all("id" in task for task in status["tasks"]):
            return status
    except (KeyError, TypeError):
        pass
    raise ValueError("its answer is not Kafka Connect's")


def _connection(settings: KafkaConnectSettings, host: str, port: int | None) -> HTTPConnection:
    if not (settings.url or "").startswith("https:"):
        return HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    authority = PemFile("KAFKA_CONNECT_CAFILE", settings.cafile) if settings.cafile else None
    context = ClientContext(settings.tls_min_version, authority)
    return HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)


def is_running(status: Mapping[str, Any] | None) -> bool:
    """Tell whether a connector and all its tasks run; ``None`` is one that is not registered."""
    if status is None or not status["tasks"]:
        return False
    return all(part["state"] == RUNNING for part in (status["connector"], *status["tasks"]))
