"""Fold a row of ``capabilities``, ``model_versions`` or ``schemas``."""

from collections.abc import Sequence
from typing import Any

from workers.core.errors import Rejected
from workers.core.node_key import version_id
from workers.core.stage import Stage
from workers.pipelines.registry.events import (
    UNSENT,
    CapabilityDeleted,
    CapabilityRow,
    Event,
    NotSent,
    SchemaDeleted,
    SchemaRow,
    Text,
    VersionDeleted,
    VersionRow,
)
from workers.pipelines.registry.fold.capabilities import CapabilityRowState
from workers.pipelines.registry.fold.conflicts import capability_divergence, schema_mismatch
from workers.pipelines.registry.fold.model_state import ModelState, Version
from workers.pipelines.registry.fold.skip import REDELIVERED, UNKNOWN_ROW, latest_position, seen, skip
from workers.pipelines.registry.fold.state import SchemaState, SchemaVersionState
from workers.pipelines.registry.limits import MAX_CAPABILITIES_IN_STATE, MAX_VERSIONS_IN_STATE
from workers.pipelines.registry.options import Merge


def fold_capability(
    model: ModelState, event: Event, change: CapabilityRow | CapabilityDeleted, merge: Merge
) -> Sequence[Any]:
    """Change a capability of the model. Raises ``Rejected`` (ENRICH) above the limit of capabilities.

    The deletion of a row removes the capability, even if the model's metadata still list it.
    """
    rows = model.capabilities.rows
    known = rows.get(change.capability)
    if known is None and len(rows) >= MAX_CAPABILITIES_IN_STATE:
        message = f"{model.model_id} already has {MAX_CAPABILITIES_IN_STATE} capabilities: use fewer, broader ones"
        raise Rejected(Stage.ENRICH, "capability.too_many", message)
    if known and seen(known.position, event.position):
        return skip(event, REDELIVERED)
    position = latest_position(known.position if known else None, event.position)
    added_at = change.added_at if isinstance(change, CapabilityRow) else None
    if model.capabilities.put(
        change.capability, CapabilityRowState(position, added_at, isinstance(change, CapabilityRow))
    ):
        model.changed = True
        model.capabilities_named.add(change.capability)
    difference = model.capabilities.new_difference()
    return [capability_divergence(model, event, difference, merge)] if difference else ()


def fold_version(model: ModelState, event: Event, change: VersionRow | VersionDeleted) -> Sequence[Any]:
    """Change a version of the model. Raises ``Rejected`` (ENRICH) above the limit of versions.

    The same version again is a correction; a deleted version stays, marked as deleted.
    """
    name, known = change.version, model.versions.get(change.version)
    if known is None and isinstance(change, VersionDeleted):
        return skip(event, UNKNOWN_ROW)
    if known is None and len(model.versions) >= MAX_VERSIONS_IN_STATE:
        message = f"{model.model_id} has {MAX_VERSIONS_IN_STATE} versions already: delete some, or split the model"
        raise Rejected(Stage.ENRICH, "version.too_many", message)
    if known and seen(known.position, event.position):
        return skip(event, REDELIVERED)
    now = _changed(known or Version(event.position), event, change)
    model.versions[name] = now
    if known is None or known[1:] != now[1:]:
        sent = change.changelog if isinstance(change, VersionRow) else UNSENT
        mark_changed(model.changed_versions, name, sent)
    return ()


def _changed(known: Version, event: Event, change: VersionRow | VersionDeleted) -> Version:
    position = latest_position(known.position, event.position)
    if isinstance(change, VersionDeleted):
        return known._replace(position=position, deleted_at=known.deleted_at or event.position.ts_ms)
    sent = change.changelog
    changelog = known.changelog if sent is UNSENT else sent.digest if isinstance(sent, Text) else None
    return Version(position, change.released_at, change.deprecated_at, None, changelog)


def fold_schema(schema: SchemaState, event: Event, change: SchemaRow | SchemaDeleted) -> Sequence[Any]:
    """Change a version of the schema. Raises ``Rejected`` (ENRICH) above the limit of versions.

    Other contents under a known version are a conflict, recognised by the hash.
    """
    known = schema.versions.get(change.version)
    if known is None and isinstance(change, SchemaDeleted):
        return skip(event, UNKNOWN_ROW)
    if known is None and len(schema.versions) >= MAX_VERSIONS_IN_STATE:
        message = f"{schema.schema_id} has {MAX_VERSIONS_IN_STATE} versions already: publish under another schema_id"
        raise Rejected(Stage.ENRICH, "schema.too_many", message)
    if known and seen(known.position, event.position):
        return skip(event, REDELIVERED)
    return _change(schema, event, known, change)


def _change(
    schema: SchemaState, event: Event, known: SchemaVersionState | None, change: SchemaRow | SchemaDeleted
) -> Sequence[Any]:
    before = known or SchemaVersionState(event.position)
    observed: list[Any] = []
    position = latest_position(before.position, event.position)
    sent: Text | NotSent | None = UNSENT
    if isinstance(change, SchemaDeleted):
        now = before._replace(deleted_at=before.deleted_at or event.position.ts_ms)
    else:
        now, sent = _row(before, change), change.json_schema
        if before.hash and now.hash and before.hash != now.hash:
            subject = version_id(schema.schema_id, change.version)
            with_history, conflict = schema_mismatch(event, subject, before, now.hash)
            now, observed = now._replace(history=with_history.history), [conflict]
    schema.versions[change.version] = now._replace(position=position)
    schema.models_named.update(now.compatible_models)
    if known is None or known[1:] != now[1:]:
        mark_changed(schema.changed_versions, change.version, sent)
    return observed


def _row(known: SchemaVersionState, row: SchemaRow) -> SchemaVersionState:
    sent, models = row.json_schema, row.compatible_models
    hash_ = known.hash if sent is UNSENT else sent.digest if isinstance(sent, Text) else None
    compatible = known.compatible_models if models is UNSENT else models
    return SchemaVersionState(known.position, hash_, compatible, row.published_at, None, known.history)


def mark_changed(changed: dict[str, Text | NotSent | None], name: str, sent: Text | NotSent | None) -> None:
    """Mark a version as changed. A text that was sent earlier in the batch stays, when this change sends none."""
    if sent is not UNSENT or name not in changed:
        changed[name] = sent
