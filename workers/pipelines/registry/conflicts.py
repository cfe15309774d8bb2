"""Conflicts of the source document's section 2.7: counted, explained, and what was lost kept in the node's history."""

from typing import Any

import orjson

from workers.core.observation import Conflict
from workers.pipelines.registry.capabilities import Divergence
from workers.pipelines.registry.details import Details
from workers.pipelines.registry.instant import iso
from workers.pipelines.registry.model import Event
from workers.pipelines.registry.model_state import ModelState
from workers.pipelines.registry.policy import Merge
from workers.pipelines.registry.schema_state import Publication

CONCURRENT_UPDATE = "concurrent_model_update"
DIVERGENCE = "capability_divergence"
MISMATCH = "schema_version_mismatch"


def concurrent_update(model: ModelState, event: Event, *, winner: Details, loser: Details, merge: Merge) -> Conflict:
    """Neither of two writers had seen what the other wrote."""
    resolution = "first_wins" if merge.first_wins else "last_write_wins_with_timestamp"
    model.remember(_record(event, CONCURRENT_UPDATE, resolution, lost=_shown(loser)))
    clocks = f"{_clock(winner)} stays, {_clock(loser)} is lost"
    why = f"written at {_written(winner)} and {_written(loser)} by writers that had not seen each other: {clocks}"
    return Conflict(CONCURRENT_UPDATE, resolution, model.model_id, why)


def capability_divergence(model: ModelState, event: Event, found: Divergence, merge: Merge) -> Conflict:
    """The list in a model's metadata is another than the table's."""
    resolution = "table_wins" if merge.table_wins else "union_merge_with_audit_log"
    model.remember(_record(event, DIVERGENCE, resolution, **found._asdict()))
    why = f"only metadata list {_named(found.only_listed)}, only the table {_named(found.only_in_table)}"
    return Conflict(DIVERGENCE, resolution, model.model_id, why)


def schema_mismatch(event: Event, version_id: str, known: Publication, new: str) -> tuple[Publication, Conflict]:
    """A version of a schema that was published came with other contents: the registry's latest counts."""
    resolution = "latest_from_registry"
    remembered = known.remember(_record(event, MISMATCH, resolution, lost={"hash": known.hash}))
    why = f"published with hash {known.hash}, now with {new}: publish changes as versions of their own"
    return remembered, Conflict(MISMATCH, resolution, version_id, why)


def _record(event: Event, conflict: str, resolution: str, **details: Any) -> str:
    told = {"at": iso(event.position.ts_ms), "conflict": conflict, "resolution": resolution, **details}
    return orjson.dumps(told).decode()


def _shown(details: Details) -> dict[str, Any]:
    """Show a row, without its metadata but for the clock."""
    return {
        "version": details.version,
        "provider": details.provider,
        "context_window": details.context_window,
        "cost_per_1k_tokens": {kind: price for kind, price in details.prices._asdict().items() if price is not None},
        "effective_from": iso(details.since),
        "deprecated": details.deprecated,
        "updated_at": _written(details),
        "vector_clock": dict(details.metadata.clock),
    }


def _written(details: Details) -> str | None:
    return None if details.updated_at is None else iso(details.updated_at // 1000)


def _clock(details: Details) -> str:
    return " ".join(f"{writer}={count}" for writer, count in details.metadata.clock)


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"
