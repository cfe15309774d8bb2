"""Kafka Connect: does it answer, does the connector run that writes the registry's changes."""

from collections.abc import Mapping
from typing import Any

from workers.adapters.kafka_connect.status import RUNNING, connector_status
from workers.config.settings import KafkaConnectSettings
from workers.config.settings_faults import without_credentials
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import Finding, failed, ok, problem

CONNECTOR = "registry"
CHECK = f"connector {CONNECTOR}"
LOST_LOG = "no longer available on the server"
"""What Debezium says of a position that the database's log does not have: another server may have taken over."""
RESUMED = frozenset({"PAUSED", "STOPPED"})


def check_connector(settings: KafkaConnectSettings) -> list[Finding]:
    """Ask Kafka Connect for the connector's state; nothing is asked where there is none. Blocks."""
    if settings.url is None:
        return []
    try:
        address = f"{without_credentials(settings.url)}/connectors/{CONNECTOR}"
        return [judge_connector(connector_status(settings, CONNECTOR), address)]
    except (Misconfigured, Unreachable) as error:
        return [failed(CHECK, error)]


def judge_connector(status: Mapping[str, Any] | None, address: str) -> Finding:
    """Word what does not run, of the connector and its tasks; ``None`` for a connector that is not registered."""
    if status is None:
        return problem(CHECK, f"is not registered; PUT workers/dev/stack/servers/connector.json to {address}/config")
    parts = {"connector": status["connector"], **{f"task {task['id']}": task for task in status["tasks"]}}
    for name, part in parts.items():
        if LOST_LOG in str(part.get("trace")):
            page = "helm/monitoring/DISASTERS.md, Registry database failed over to its replica"
            return problem(
                CHECK, f"{name} is {part['state']}: its position is {LOST_LOG}; a restart does not help: {page}"
            )
        if part["state"] != RUNNING:
            return problem(CHECK, f"{name} is {_told(part)}; {_fix(part['state'], address)}")
    if not status["tasks"]:
        return problem(CHECK, f"has no task; {_fix('UNASSIGNED', address)}")
    return ok(CHECK, f"it runs, with its tasks: {len(status['tasks'])}")


def _told(part: Mapping[str, Any]) -> str:
    first = str(part.get("trace") or "").partition("\n")[0].strip()
    return f"{part['state']} ({first})" if first else str(part["state"])


def _fix(state: str, address: str) -> str:
    if state in RESUMED:
        return f"PUT {address}/resume"
    if state == "FAILED":
        return f"mend that, then POST {address}/restart?includeTasks=true&onlyFailed=true"
    return "wait, and look at the log of Kafka Connect if it stays"
