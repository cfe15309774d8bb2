"""The list of workers, explicit: a new worker is one folder, and its name here."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from workers.core.worker import WorkerSpec

NAMES = (
    "telemetry",
    "registry",
    "evolution",
)  # fmt: skip


def spec_of(name: str) -> WorkerSpec[Any, Any]:
    """Return what ``workers/<name>/worker.py`` calls ``WORKER``."""
    spec: WorkerSpec[Any, Any] = import_module(f"workers.{name}.worker").WORKER
    return spec


FLEET: Mapping[str, WorkerSpec[Any, Any]] = MappingProxyType({name: spec_of(name) for name in NAMES})


def reads_change_events(name: str) -> bool:
    """Tell whether the worker's records come from Debezium, which registers their schemas itself."""
    return name in FLEET and FLEET[name].change_events


def writes_its_own_records(name: str) -> bool:
    """Tell whether its own procedures write its records: they register a schema when they first need it."""
    return name in FLEET and not reads_change_events(name) and bool(FLEET[name].procedures(False))  # noqa: FBT003 - the spec's
