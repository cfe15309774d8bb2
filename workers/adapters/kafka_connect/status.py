"""The state of a connector and of its tasks."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from workers.config.settings_faults import without_credentials
from workers.core.errors import Unreachable

TIMEOUT_SECONDS = 10
OK, NOT_FOUND = 200, 404
RUNNING = "RUNNING"


def connector_status(url: str, connector: str) -> Any:
    """Return Connect's answer, ``None`` where there is no such connector. Blocks. Raises ``Unreachable``."""
    parts, shown = urlsplit(url), without_credentials(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{parts.path}/connectors/{connector}/status")
        response = connection.getresponse()
        answer = response.read()
        if response.status == NOT_FOUND:
            return None
        if response.status != OK:
            raise Unreachable(f"Kafka Connect at {shown} answers with {response.status}: look at its log")
        return json.loads(answer)
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(f"Kafka Connect at {shown} does not answer ({error}): start it") from None
    finally:
        connection.close()


def is_running(status: Mapping[str, Any] | None) -> bool:
    """Tell whether a connector and all its tasks run; ``None`` is one that is not registered."""
    if status is None or not status["tasks"]:
        return False
    return all(part["state"] == RUNNING for part in (status["connector"], *status["tasks"]))
