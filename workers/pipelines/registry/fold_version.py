"""Fold a row of ``model_versions``: appended; the same version again is a correction, a deleted one stays, marked."""

from collections.abc import Sequence

from workers.core.errors import Rejected
from workers.core.observation import Observation
from workers.core.stage import Stage
from workers.pipelines.registry.left_out import REDELIVERED, UNKNOWN_ROW, left_out
from workers.pipelines.registry.limits import MAX_VERSIONS_IN_STATE
from workers.pipelines.registry.marks import mark_told
from workers.pipelines.registry.model import UNSENT, Event, Text, VersionGone, VersionRow
from workers.pipelines.registry.model_state import ModelState, Version
from workers.pipelines.registry.position import advanced, seen


def fold_version(model: ModelState, event: Event, change: VersionRow | VersionGone) -> Sequence[Observation]:
    """Change the model by a version's row. Raises ``Rejected`` (ENRICH) for one too many."""
    name, known = change.version, model.versions.get(change.version)
    if known is None and isinstance(change, VersionGone):
        return left_out(event, UNKNOWN_ROW)
    if known is None and len(model.versions) >= MAX_VERSIONS_IN_STATE:
        message = f"{model.model_id} has {MAX_VERSIONS_IN_STATE} versions already: retire some, or split the model"
        raise Rejected(Stage.ENRICH, "version.too_many", message)
    if known and seen(known.position, event.position):
        return left_out(event, REDELIVERED)
    now = _changed(known or Version(event.position), event, change)
    model.versions[name] = now
    if known is None or known[1:] != now[1:]:
        sent = change.changelog if isinstance(change, VersionRow) else UNSENT
        mark_told(model.told, name, sent)
    return ()


def _changed(known: Version, event: Event, change: VersionRow | VersionGone) -> Version:
    position = advanced(known.position, event.position)
    if isinstance(change, VersionGone):
        return known._replace(position=position, deleted_at=known.deleted_at or event.position.ts_ms)
    sent = change.changelog
    changelog = known.changelog if sent is UNSENT else sent.digest if isinstance(sent, Text) else None
    return Version(position, change.released_at, change.deprecated_at, None, changelog)
