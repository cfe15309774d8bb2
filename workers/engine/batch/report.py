"""What a worker has observed while it folded, told once the graph has the batch: counts, and conflicts in the log."""

from collections import Counter
from collections.abc import Iterable

import structlog

from workers.core.observation import Advanced, Conflict, Observation, Skipped, Synced
from workers.observe.metrics import Metrics

log = structlog.get_logger(__name__)


def report(observed: Iterable[Observation], metrics: Metrics, seconds: float, now_ms: int) -> None:
    """Report a batch's observations; ``seconds`` is from its first folding until the graph had it.

    A batch that is folded again after a crash is not reported again by who catches up.
    """
    synced: Counter[str] = Counter()
    newest: int | None = None
    for each in observed:
        if isinstance(each, Synced):
            synced[each.sync_type] += 1
            newest = max(newest or 0, each.changed_at)
        elif isinstance(each, Skipped):
            metrics.dropped(each.event_type, each.reason)
            log.debug("left out", subject=each.subject, event_type=each.event_type, reason=each.reason)
        elif isinstance(each, Advanced):
            _follow(each, metrics)
        else:
            _tell(each, metrics)
    for sync_type, count in synced.items():
        metrics.sync.synced(sync_type, seconds, count)
    if newest is not None:
        metrics.sync.lag(max(0, now_ms - newest) / 1000)


def _follow(advanced: Advanced, metrics: Metrics) -> None:
    metrics.sync.migrated(advanced.change_class, advanced.state)
    log.info(
        "schema migration",
        migration=advanced.subject,
        change_class=advanced.change_class,
        state=advanced.state,
        explanation=advanced.explanation,
    )


def _tell(conflict: Conflict, metrics: Metrics) -> None:
    metrics.sync.conflict(conflict.conflict_type, conflict.resolution)
    log.warning(
        "conflict",
        conflict_type=conflict.conflict_type,
        resolution=conflict.resolution,
        subject=conflict.subject,
        explanation=conflict.explanation,
    )
