"""The list of workers, explicit: a new worker is one folder and one line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from workers.core.worker import WorkerSpec
from workers.telemetry.worker import WORKER as TELEMETRY

FLEET: Mapping[str, WorkerSpec[Any, Any]] = MappingProxyType({worker.name: worker for worker in (TELEMETRY,)})
