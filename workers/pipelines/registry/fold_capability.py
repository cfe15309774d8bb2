"""Fold a row of ``capabilities``: its deletion is a removal, whatever the list in the model's metadata says."""

from collections.abc import Sequence

from workers.core.errors import Rejected
from workers.core.observation import Observation
from workers.core.stage import Stage
from workers.pipelines.registry.capabilities import Row
from workers.pipelines.registry.left_out import REDELIVERED, left_out
from workers.pipelines.registry.limits import MAX_CAPABILITIES_IN_STATE
from workers.pipelines.registry.model import CapabilityGone, CapabilityRow, Event
from workers.pipelines.registry.model_state import ModelState
from workers.pipelines.registry.position import advanced, seen


def fold_capability(model: ModelState, event: Event, change: CapabilityRow | CapabilityGone) -> Sequence[Observation]:
    """Change what the model can do. Raises ``Rejected`` (ENRICH) for one capability too many."""
    rows = model.capabilities.rows
    known = rows.get(change.capability)
    if known is None and len(rows) >= MAX_CAPABILITIES_IN_STATE:
        message = f"{model.model_id} has had {MAX_CAPABILITIES_IN_STATE} capabilities: name fewer, broader ones"
        raise Rejected(Stage.ENRICH, "capability.too_many", message)
    if known and seen(known.position, event.position):
        return left_out(event, REDELIVERED)
    position = advanced(known.position if known else None, event.position)
    added_at = change.added_at if isinstance(change, CapabilityRow) else None
    if model.capabilities.put(change.capability, Row(position, added_at, isinstance(change, CapabilityRow))):
        model.changed = True
        model.capabilities_named.add(change.capability)
    return ()
