"""Fold a row of ``schemas``: appended; other contents under a known version are a mismatch, told by their hash."""

from collections.abc import Sequence

from workers.core.errors import Rejected
from workers.core.observation import Observation
from workers.core.stage import Stage
from workers.pipelines.registry.conflicts import schema_mismatch
from workers.pipelines.registry.left_out import REDELIVERED, UNKNOWN_ROW, left_out
from workers.pipelines.registry.limits import MAX_VERSIONS_IN_STATE
from workers.pipelines.registry.marks import mark_told
from workers.pipelines.registry.model import UNSENT, Event, SchemaGone, SchemaRow, Text, Untold
from workers.pipelines.registry.position import advanced, seen
from workers.pipelines.registry.schema_state import Publication, SchemaState


def fold_schema(schema: SchemaState, event: Event, change: SchemaRow | SchemaGone) -> Sequence[Observation]:
    """Change the schema by a version's row. Raises ``Rejected`` (ENRICH) for one too many."""
    known = schema.versions.get(change.version)
    if known is None and isinstance(change, SchemaGone):
        return left_out(event, UNKNOWN_ROW)
    if known is None and len(schema.versions) >= MAX_VERSIONS_IN_STATE:
        message = f"{schema.schema_id} has {MAX_VERSIONS_IN_STATE} versions already: publish under another schema_id"
        raise Rejected(Stage.ENRICH, "schema.too_many", message)
    if known and seen(known.position, event.position):
        return left_out(event, REDELIVERED)
    return _change(schema, event, known, change)


def _change(
    schema: SchemaState, event: Event, known: Publication | None, change: SchemaRow | SchemaGone
) -> Sequence[Observation]:
    before = known or Publication(event.position)
    observed: list[Observation] = []
    position = advanced(before.position, event.position)
    sent: Text | Untold | None = UNSENT
    if isinstance(change, SchemaGone):
        now = before._replace(deleted_at=before.deleted_at or event.position.ts_ms)
    else:
        now, sent = _row(before, change), change.json_schema
        if before.hash and now.hash and before.hash != now.hash:
            version_id = f"{schema.schema_id}@{change.version}"
            remembered, conflict = schema_mismatch(event, version_id, before, now.hash)
            now, observed = now._replace(history=remembered.history), [conflict]
    schema.versions[change.version] = now._replace(position=position)
    schema.models_named.update(now.compatible_models)
    if known is None or known[1:] != now[1:]:
        mark_told(schema.told, change.version, sent)
    return observed


def _row(known: Publication, row: SchemaRow) -> Publication:
    sent, models = row.json_schema, row.compatible_models
    hash_ = known.hash if sent is UNSENT else sent.digest if isinstance(sent, Text) else None
    compatible = known.compatible_models if models is UNSENT else models
    return Publication(known.position, hash_, compatible, row.published_at, None, known.history)
