"""Fold a row of ``models``: upsert, the latest wins; between writers that had not seen each other, the later one."""

from collections.abc import Sequence

from workers.core.observation import Conflict, Observation
from workers.pipelines.registry.clock import Standing, standing
from workers.pipelines.registry.conflicts import capability_divergence, concurrent_update
from workers.pipelines.registry.details import Details
from workers.pipelines.registry.left_out import INSERT_ONLY, REDELIVERED, STALE_CLOCK, UNKNOWN_ROW, left_out
from workers.pipelines.registry.marks import mark_told
from workers.pipelines.registry.model import UNSENT, Event, ModelRow
from workers.pipelines.registry.model_state import ModelState
from workers.pipelines.registry.policy import Merge
from workers.pipelines.registry.position import advanced, seen
from workers.pipelines.registry.terms import Terms


def fold_model(model: ModelState, event: Event, row: ModelRow, merge: Merge) -> Sequence[Observation]:
    """Fold an inserted, updated or read row; one that comes after a deletion brings the model back."""
    if seen(model.position, event.position):
        return left_out(event, REDELIVERED)
    model.position = advanced(model.position, event.position)
    known = model.details
    offered = model.latest = (model.latest or Details()).filled(row)
    if known is None or model.deleted_at is not None:
        _revive(model)
        return _accept(model, event, row, offered, merge)
    return _merge(model, event, row, (known, offered), merge)


def fold_model_gone(model: ModelState, event: Event) -> Sequence[Observation]:
    """Fold a deletion: the model stays, marked, until it is purged."""
    if model.details is None:
        return left_out(event, UNKNOWN_ROW)
    if seen(model.position, event.position):
        return left_out(event, REDELIVERED)
    model.position = advanced(model.position, event.position)
    if model.deleted_at is None:
        model.deleted_at = event.position.ts_ms
        model.changed = True
    return ()


def _merge(
    model: ModelState, event: Event, row: ModelRow, between: tuple[Details, Details], merge: Merge
) -> Sequence[Observation]:
    """Decide between what is known and what is offered."""
    known, offered = between
    if merge.insert_only:
        return left_out(event, INSERT_ONLY)
    stands = standing(known.metadata.clock, offered.metadata.clock)
    if stands is Standing.STALE:
        return left_out(event, STALE_CLOCK)
    if stands is Standing.LATER:
        return _accept(model, event, row, offered, merge)
    if merge.first_wins or _written_before(offered, known):
        return [concurrent_update(model, event, winner=known, loser=offered, merge=merge)]
    conflict = concurrent_update(model, event, winner=offered, loser=known, merge=merge)
    return [conflict, *_accept(model, event, row, offered, merge)]


def _written_before(offered: Details, known: Details) -> bool:
    """Tell whether ``offered`` was written earlier; at equal or unknown times the log's order counts."""
    return offered.updated_at is not None and known.updated_at is not None and offered.updated_at < known.updated_at


def _accept(model: ModelState, event: Event, row: ModelRow, offered: Details, merge: Merge) -> list[Conflict]:
    """Let the row count from now on."""
    if offered != model.details:
        model.details, model.changed = offered, True
        if row.metadata is not UNSENT:
            model.metadata = row.text
    model.terms.place(offered.since, Terms(offered.version, offered.context_window, offered.prices))
    model.versions_named.update([offered.version] if offered.version else [])
    model.capabilities_named.update(offered.metadata.capabilities or ())
    stated_at = event.position.ts_ms if offered.updated_at is None else offered.updated_at // 1000
    diverged = model.capabilities.state(offered.metadata.capabilities, stated_at)
    return [capability_divergence(model, event, diverged, merge)] if diverged else []


def _revive(model: ModelState) -> None:
    """Let all of the model be written: it is new, or may have been purged since it was deleted."""
    model.deleted_at, model.changed = None, True
    model.terms.mark_all()
    for version in model.versions:
        mark_told(model.told, version, UNSENT)
