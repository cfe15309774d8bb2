"""Fold one change into the state of its model or schema."""

from collections.abc import Callable, Sequence
from typing import Any

from workers.core.report import Skipped
from workers.pipelines.registry.events import (
    CapabilityDeleted,
    CapabilityRow,
    Event,
    ModelDeleted,
    ModelRow,
    SchemaDeleted,
    SchemaRow,
)
from workers.pipelines.registry.fold.model import fold_deleted_model, fold_model
from workers.pipelines.registry.fold.model_state import ModelState
from workers.pipelines.registry.fold.parts import fold_capability, fold_schema, fold_version
from workers.pipelines.registry.fold.state import RegistryState, SchemaState, Synced
from workers.pipelines.registry.options import Merge


def folder(merge: Merge) -> Callable[[RegistryState, Event, int], None]:
    """Return the worker's ``fold``. It raises ``Rejected`` (ENRICH) where a model or a schema has too many parts."""

    def fold(state: RegistryState, event: Event, _offset: int) -> None:
        if event.replaced is not None:
            gone = _fold(state, event._replace(change=event.replaced), merge)
            state.observations += [each for each in gone if not isinstance(each, Skipped)]
        observed = _fold(state, event, merge)
        state.observations += observed
        if not any(isinstance(each, Skipped) for each in observed):
            state.observations.append(Synced(event.event_type.partition(".")[0], event.position.ts_ms))

    return fold


def _fold(state: RegistryState, event: Event, merge: Merge) -> Sequence[Any]:
    change = event.change
    if isinstance(change, SchemaRow | SchemaDeleted):
        schema = state.subject if isinstance(state.subject, SchemaState) else SchemaState(change.schema_id)
        state.subject = schema
        return fold_schema(schema, event, change)
    model = state.subject if isinstance(state.subject, ModelState) else ModelState(change.model_id)
    state.subject = model
    if isinstance(change, ModelRow):
        return fold_model(model, event, change, merge)
    if isinstance(change, ModelDeleted):
        return fold_deleted_model(model, event)
    if isinstance(change, CapabilityRow | CapabilityDeleted):
        return fold_capability(model, event, change, merge)
    return fold_version(model, event, change)
