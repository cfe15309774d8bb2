"""Kafka Connect: does it answer, does the connector run that writes the registry's changes."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from workers.config.settings_faults import without_credentials
from workers.core.errors import Unreachable
from workers.ops.doctor.finding import Finding, failed, ok, problem

CONNECTOR = "registry"
CHECK = f"connector {CONNECTOR}"
TIMEOUT_SECONDS = 10
OK, NOT_FOUND = 200, 404
RESUMED = frozenset({"PAUSED", "STOPPED"})


def check_connector(url: str | None) -> list[Finding]:
    """Ask the Kafka Connect at ``url`` for the connector's state; nothing is asked where there is none. Blocks."""
    if url is None:
        return []
    try:
        return [judge_connector(_status(url), f"{without_credentials(url)}/connectors/{CONNECTOR}")]
    except Unreachable as error:
        return [failed(CHECK, error)]


def judge_connector(status: Mapping[str, Any] | None, address: str) -> Finding:
    """Word what does not run, of the connector and its tasks; ``None`` for a connector that is not registered."""
    if status is None:
        return problem(CHECK, f"is not registered; PUT workers/dev/stack/servers/connector.json to {address}/config")
    parts = {"connector": status["connector"], **{f"task {task['id']}": task for task in status["tasks"]}}
    for name, part in parts.items():
        if part["state"] != "RUNNING":
            return problem(CHECK, f"{name} is {_told(part)}; {_fix(part['state'], address)}")
    if not status["tasks"]:
        return problem(CHECK, f"has no task; {_fix('UNASSIGNED', address)}")
    return ok(CHECK, f"it runs, with its tasks: {len(status['tasks'])}")


def _told(part: Mapping[str, Any]) -> str:
    first = part.get("trace", "").partition("\n")[0].strip()
    return f"{part['state']} ({first})" if first else str(part["state"])


def _fix(state: str, address: str) -> str:
    if state in RESUMED:
        return f"PUT {address}/resume"
    if state == "FAILED":
        return f"mend that, then POST {address}/restart?includeTasks=true&onlyFailed=true"
    return "wait, and look at the log of Kafka Connect if it stays"


def _status(url: str) -> Any:
    """Return Connect's answer, ``None`` where there is no such connector. Raises ``Unreachable``."""
    parts, shown = urlsplit(url), without_credentials(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{parts.path}/connectors/{CONNECTOR}/status")
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
