"""The fleet: every worker by its name. A new worker is one folder, and its import and entry here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.config.topology import OptionModels, Topology, read_topology
from workers.core.worker import WorkerFactory
from workers.pipelines.audit.worker import AUDIT
from workers.pipelines.evolution.worker import EVOLUTION
from workers.pipelines.registry.worker import REGISTRY
from workers.pipelines.telemetry.worker import TELEMETRY

FLEET: Mapping[str, WorkerFactory[Any]] = {
    "telemetry": TELEMETRY,
    "registry": REGISTRY,
    "evolution": EVOLUTION,
    "audit": AUDIT,
}

OPTION_MODELS: OptionModels = {name: factory.options for name, factory in FLEET.items()}


def load_topology(path: Path) -> Topology:
    """Read and check ``topology.yaml`` with the options of every worker. Raises ``Misconfigured``."""
    return read_topology(path, OPTION_MODELS)
