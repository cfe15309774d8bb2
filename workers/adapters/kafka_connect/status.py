"""The state of a connector and of its tasks."""

import json
from collections.abc import Mapping
from typing import Any

from workers.adapters.kafka_connect.rest import ask, no_answer
from workers.config.settings import KafkaConnectSettings
from workers.config.settings_faults import without_credentials
from workers.core.errors import Unreachable

TIMEOUT_SECONDS = 10
OK, NOT_FOUND = 200, 404
RUNNING = "RUNNING"


def connector_status(settings: KafkaConnectSettings, connector: str) -> Any:
    """Return Connect's answer, ``None`` where there is no such connector. Blocks.

    Raises ``Unreachable``, and ``Misconfigured`` for a server that cannot be trusted.
    """
    status, answer = ask(settings, "GET", f"/connectors/{connector}/status", timeout_seconds=TIMEOUT_SECONDS)
    if status == NOT_FOUND:
        return None
    if status != OK:
        shown = without_credentials(settings.url or "")
        raise Unreachable(f"Kafka Connect at {shown} answers with {status}: look at its log")
    try:
        return _checked(json.loads(answer))
    except ValueError as error:
        raise no_answer(settings, error) from None


def _checked(status: Any) -> Any:
    """Return the answer if it has the shape of Kafka Connect's. Raises ``ValueError``."""
    try:
        parts = [status["connector"], *status["tasks"]]
        if all(isinstance(part["state"], str) for part in parts) and all("id" in task for task in status["tasks"]):
            return status
    except (KeyError, TypeError):
        pass
    raise ValueError("its answer is not Kafka Connect's")


def is_running(status: Mapping[str, Any] | None) -> bool:
    """Tell whether a connector and all its tasks run; ``None`` is one that is not registered."""
    if status is None or not status["tasks"]:
        return False
    return all(part["state"] == RUNNING for part in (status["connector"], *status["tasks"]))
