"""The options that count at the moment."""

from dataclasses import dataclass
from typing import Any

from workers.config.worker_options import WorkerOptions
from workers.core.worker import WorkerSpec


@dataclass(slots=True)
class InForce:
    """The options of a process, and its worker built with them. Each is an immutable snapshot that is replaced whole.

    The parts of a process read ``options`` when they need one, so an assignment here is all that a change takes.
    """

    options: WorkerOptions
    spec: WorkerSpec[Any, Any]
