"""Fold one change into what is known: what was seen before, or is older, changes nothing."""

from collections.abc import Callable, Sequence

from workers.core.observation import Observation, Skipped, Synced
from workers.pipelines.registry.fold_capability import fold_capability
from workers.pipelines.registry.fold_model import fold_model, fold_model_gone
from workers.pipelines.registry.fold_schema import fold_schema
from workers.pipelines.registry.fold_version import fold_version
from workers.pipelines.registry.model import (
    CapabilityGone,
    CapabilityRow,
    Event,
    ModelGone,
    ModelRow,
    SchemaGone,
    SchemaRow,
)
from workers.pipelines.registry.model_state import ModelState
from workers.pipelines.registry.policy import Merge
from workers.pipelines.registry.schema_state import SchemaState
from workers.pipelines.registry.state import RegistryState

Fold = Callable[[RegistryState, Event], None]


def folder(merge: Merge) -> Fold:
    """Return the worker's ``fold``. It raises ``Rejected`` (ENRICH) where a model or a schema has too many parts."""

    def fold(known: RegistryState, event: Event) -> None:
        observed = _fold(known, event, merge)
        known.observed += observed
        if not any(isinstance(each, Skipped) for each in observed):
            known.observed.append(Synced(event.event_type.partition(".")[0], event.position.ts_ms))

    return fold


def _fold(known: RegistryState, event: Event, merge: Merge) -> Sequence[Observation]:
    change = event.change
    if isinstance(change, SchemaRow | SchemaGone):
        schema = known.about if isinstance(known.about, SchemaState) else SchemaState(change.schema_id)
        known.about = schema
        return fold_schema(schema, event, change)
    model = known.about if isinstance(known.about, ModelState) else ModelState(change.model_id)
    known.about = model
    if isinstance(change, ModelRow):
        return fold_model(model, event, change, merge)
    if isinstance(change, ModelGone):
        return fold_model_gone(model, event)
    if isinstance(change, CapabilityRow | CapabilityGone):
        return fold_capability(model, event, change)
    return fold_version(model, event, change)
