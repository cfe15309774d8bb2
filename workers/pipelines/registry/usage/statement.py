"""A statement of a model's use within a window: what makes it another than the one before."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from workers.pipelines.registry.instant import iso_seconds
from workers.pipelines.registry.usage.metrics import Metrics

NAMESPACE = uuid5(NAMESPACE_URL, "memory-graph/registry/usage-stats")


def window_id(model_id: str, start: int) -> str:
    """Return the key of a UsageWindow; ``start`` in epoch milliseconds."""
    return f"{model_id}@{iso_seconds(start)}"


def stats_id(window: str, revision: int, digest: str) -> str:
    """Name a statement. A repeat has the same name; a correction has another, even one back to earlier numbers."""
    return str(uuid5(NAMESPACE, f"{window}#{revision}#{digest}"))


def statement_row(model_id: str, start: int, revision: int, metrics: Metrics) -> dict[str, Any]:
    """Return what is written to the UsageWindow."""
    window, digest, told = window_id(model_id, start), metrics.digest(), metrics.plain()
    return {
        **told,
        "top_use_cases": orjson.dumps(told["top_use_cases"]).decode(),
        "id": window,
        "model_id": model_id,
        "revision": revision,
        "digest": digest,
        "stats_id": stats_id(window, revision, digest),
    }
