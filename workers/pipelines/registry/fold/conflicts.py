"""Conflicting changes: each is counted, explained, and its lost value is kept in the history of its node."""

from typing import Any

import orjson

from workers.core.clock import iso
from workers.pipelines.registry.events import Event, Prices
from workers.pipelines.registry.fold.capabilities import CapabilityDifference
from workers.pipelines.registry.fold.model_state import ModelDetails, ModelState
from workers.pipelines.registry.fold.price_periods import PricePeriod
from workers.pipelines.registry.fold.state import Conflict, SchemaVersionState
from workers.pipelines.registry.options import Merge

CONCURRENT_UPDATE = "concurrent_model_update"
DIVERGENCE = "capability_divergence"
PRICE_CHANGED = "price_same_effective_from"
MISMATCH = "schema_version_mismatch"


def concurrent_update(
    model: ModelState, event: Event, *, winner: ModelDetails, loser: ModelDetails, merge: Merge
) -> Conflict:
    """Return the conflict of two writers that had not seen each other's row."""
    resolution = "first_wins" if merge.first_wins else "last_write_wins_with_timestamp"
    model.add_history(_record(event, CONCURRENT_UPDATE, resolution, lost=_shown(loser)))
    clocks = f"{_clock(winner)} stays, {_clock(loser)} is lost"
    why = f"written at {_written(winner)} and {_written(loser)} by writers that had not seen each other: {clocks}"
    return Conflict(CONCURRENT_UPDATE, resolution, model.model_id, why)


def price_changed(model: ModelState, event: Event, effective_from: int, former: PricePeriod, merge: Merge) -> Conflict:
    """Return the conflict of prices that have changed while ``effective_from`` has stayed."""
    resolution = merge.prices.same_effective_from
    lost = {"effective_from": iso(effective_from), "cost_per_1k_tokens": _sent(former.prices)}
    texts = {"price_tiers": former.tiers, "price_variants": former.variants}
    lost |= {name: orjson.loads(text) for name, text in texts.items() if text is not None}
    model.add_history(_record(event, PRICE_CHANGED, resolution, lost=lost))
    since = iso(effective_from if merge.correct_prices else max(effective_from, event.position.ts_ms))
    why = f"prices changed under effective_from {iso(effective_from)}: they hold from {since}, set effective_from, too"
    return Conflict(PRICE_CHANGED, resolution, model.model_id, why)


def capability_divergence(model: ModelState, event: Event, found: CapabilityDifference, merge: Merge) -> Conflict:
    """Return the conflict between the list in a model's metadata and the table."""
    resolution = "table_wins" if merge.table_wins else "union_merge_with_audit_log"
    model.add_history(_record(event, DIVERGENCE, resolution, **found._asdict()))
    why = f"only metadata list {_named(found.only_listed)}, only the table {_named(found.only_in_table)}"
    return Conflict(DIVERGENCE, resolution, model.model_id, why)


def schema_mismatch(
    event: Event, version_id: str, known: SchemaVersionState, new: str
) -> tuple[SchemaVersionState, Conflict]:
    """Return the version with history, and the conflict of a published version that has other contents now."""
    resolution = "fetch_latest_from_registry"
    with_history = known.with_history(_record(event, MISMATCH, resolution, lost={"hash": known.hash}))
    why = f"published with hash {known.hash}, now with {new}: publish changes as versions of their own"
    return with_history, Conflict(MISMATCH, resolution, version_id, why)


def _record(event: Event, conflict: str, resolution: str, **details: Any) -> str:
    entry = {"at": iso(event.position.ts_ms), "conflict": conflict, "resolution": resolution, **details}
    return orjson.dumps(entry).decode()


def _shown(details: ModelDetails) -> dict[str, Any]:
    """Return a row for the history: of its metadata only the vector clock."""
    return {
        "version": details.version,
        "provider": details.provider,
        "context_window": details.context_window,
        "cost_per_1k_tokens": _sent(details.prices),
        "effective_from": iso(details.since),
        "deprecated": details.deprecated,
        "updated_at": _written(details),
        "vector_clock": dict(details.metadata.clock),
    }


def _sent(prices: Prices) -> dict[str, str]:
    return {kind: price for kind, price in prices._asdict().items() if price is not None}


def _written(details: ModelDetails) -> str | None:
    return None if details.updated_at is None else iso(details.updated_at // 1000)


def _clock(details: ModelDetails) -> str:
    return " ".join(f"{writer}={count}" for writer, count in details.metadata.clock)


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"
