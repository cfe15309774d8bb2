"""Fold a row of ``models``: the latest row wins; of concurrent writes, the later one."""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Any

from workers.pipelines.registry.events import UNSENT, Event, ModelRow
from workers.pipelines.registry.fold.conflicts import capability_divergence, concurrent_update, price_changed
from workers.pipelines.registry.fold.model_state import ModelDetails, ModelState
from workers.pipelines.registry.fold.parts import mark_changed
from workers.pipelines.registry.fold.price_periods import PricePeriod
from workers.pipelines.registry.fold.skip import (
    INSERT_ONLY,
    REDELIVERED,
    STALE_CLOCK,
    UNKNOWN_ROW,
    latest_position,
    seen,
    skip,
)
from workers.pipelines.registry.fold.state import Conflict
from workers.pipelines.registry.limits import MAX_HISTORY
from workers.pipelines.registry.options import Merge

READ = "model.read"


def fold_model(model: ModelState, event: Event, row: ModelRow, merge: Merge) -> Sequence[Any]:
    """Fold an inserted, updated or read row. A row after a deletion restores the model."""
    if seen(model.position, event.position):
        return skip(event, REDELIVERED)
    model.position = latest_position(model.position, event.position)
    known, last = model.details, model.latest
    offered = model.latest = (model.latest or ModelDetails()).completed(row)
    if known is None or model.deleted_at is not None:
        _restore(model)
        return _accept(model, event, row, offered, merge)
    if event.event_type == READ and offered != last and not merge.insert_only:
        # A snapshot reads another row than the log had last: a part of the log is lost, and its clock counts no more.
        return _accept(model, event, row, offered, merge)
    return _merge(model, event, row, (known, offered), merge)


def fold_deleted_model(model: ModelState, event: Event) -> Sequence[Any]:
    """Fold a deletion: the model stays, marked as deleted, until a purge."""
    if model.details is None:
        return skip(event, UNKNOWN_ROW)
    if seen(model.position, event.position):
        return skip(event, REDELIVERED)
    model.position = latest_position(model.position, event.position)
    if model.deleted_at is None:
        model.deleted_at = event.position.ts_ms
        model.deletions = [*model.deletions, model.deleted_at][-MAX_HISTORY:]
        model.changed = True
    return ()


def _merge(
    model: ModelState, event: Event, row: ModelRow, between: tuple[ModelDetails, ModelDetails], merge: Merge
) -> Sequence[Any]:
    """Decide between the known row and the offered one."""
    known, offered = between
    if merge.insert_only:
        return skip(event, INSERT_ONLY)
    order = compare_clocks(model.clock, offered.metadata.clock)
    if order is ClockOrder.STALE:
        return skip(event, STALE_CLOCK)
    if order is ClockOrder.LATER:
        return _accept(model, event, row, offered, merge)
    both = joined(model.clock, offered.metadata.clock)
    if merge.first_wins or _written_before(offered, known):
        model.clock = both
        return [concurrent_update(model, event, winner=known, loser=offered, merge=merge)]
    conflict = concurrent_update(model, event, winner=offered, loser=known, merge=merge)
    observed = [conflict, *_accept(model, event, row, offered, merge)]
    model.clock = both
    return observed


def _written_before(offered: ModelDetails, known: ModelDetails) -> bool:
    """Tell whether ``offered`` was written earlier. With equal or unknown times the log's order counts."""
    return offered.updated_at is not None and known.updated_at is not None and offered.updated_at < known.updated_at


def _accept(model: ModelState, event: Event, row: ModelRow, offered: ModelDetails, merge: Merge) -> list[Conflict]:
    """Take the row as the current one."""
    model.clock = offered.metadata.clock
    if offered != model.details:
        model.details, model.changed = offered, True
        if row.metadata is not UNSENT:
            model.metadata = row.text
    priced = _put_price(model, event, offered, merge)
    model.alias_periods.put(offered.since, event.position.ts_ms, offered.metadata.aliases)
    model.versions_named.update([offered.version] if offered.version else [])
    model.capabilities_named.update(offered.metadata.capabilities or ())
    listed_at = event.position.ts_ms if offered.updated_at is None else offered.updated_at // 1000
    difference = model.capabilities.set_listed(offered.metadata.capabilities, listed_at)
    return [*priced, *([capability_divergence(model, event, difference, merge)] if difference else [])]


def _put_price(model: ModelState, event: Event, offered: ModelDetails, merge: Merge) -> list[Conflict]:
    """Put the row's prices into the history. Prices that changed under one ``effective_from`` are a conflict."""
    metadata = offered.metadata
    period = PricePeriod(
        offered.version, offered.context_window, offered.prices, metadata.price_tiers, metadata.price_variants
    )
    former = model.price_periods.put(offered.since, period, event.position.ts_ms, correct=merge.correct_prices)
    return [price_changed(model, event, offered.since, former, merge)] if former else []


def _restore(model: ModelState) -> None:
    """Mark the whole model as changed: it is new, or may have been purged since its deletion."""
    model.deleted_at, model.changed = None, True
    model.price_periods.mark_all()
    for version in model.versions:
        mark_changed(model.changed_versions, version, UNSENT)


class ClockOrder(Enum):
    """The order of an offered write and the known one."""

    LATER = auto()
    """It has seen the known one; or the clocks are equal or one is missing, so that the log's order counts."""
    STALE = auto()
    """The known one has seen it."""
    CONCURRENT = auto()
    """Neither has seen the other."""


def compare_clocks(known: Iterable[tuple[str, int]], offered: Iterable[tuple[str, int]]) -> ClockOrder:
    """Compare two vector clocks. A writer that one of them does not have counts as 0 there."""
    known_counts, offered_counts = dict(known), dict(offered)
    if not known_counts or not offered_counts or known_counts == offered_counts:
        return ClockOrder.LATER
    writers = known_counts.keys() | offered_counts.keys()
    ahead = any(offered_counts.get(writer, 0) > known_counts.get(writer, 0) for writer in writers)
    behind = any(offered_counts.get(writer, 0) < known_counts.get(writer, 0) for writer in writers)
    if ahead and behind:
        return ClockOrder.CONCURRENT
    return ClockOrder.STALE if behind else ClockOrder.LATER


def joined(one: Iterable[tuple[str, int]], other: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Return the clock of who has seen both: each writer's higher count."""
    counts = dict(one)
    for writer, count in other:
        counts[writer] = max(count, counts.get(writer, 0))
    return tuple(sorted(counts.items()))
