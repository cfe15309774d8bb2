"""The fleet: every worker by its name. A new worker is one folder, and its import and entry here."""

from collections.abc import Mapping
from typing import Any

from workers.core.worker import WorkerSpec
from workers.pipelines.evolution.worker import WORKER as EVOLUTION
from workers.pipelines.registry.worker import WORKER as REGISTRY
from workers.pipelines.telemetry.worker import WORKER as TELEMETRY

FLEET: Mapping[str, WorkerSpec[Any, Any]] = {
    "telemetry": TELEMETRY,
    "registry": REGISTRY,
    "evolution": EVOLUTION,
}


def reads_change_events(name: str) -> bool:
    """Tell whether the worker's records come from Debezium, which registers their schemas itself."""
    return name in FLEET and FLEET[name].change_events


def writes_its_own_records(name: str) -> bool:
    """Tell whether its own procedures write its records: they register a schema when they first need it."""
    return name in FLEET and not reads_change_events(name) and bool(FLEET[name].procedures(False))  # noqa: FBT003 - the spec's
