"""The metrics of a worker that mirrors another system: section 2.8 of the source document."""

from prometheus_client import CollectorRegistry

from workers.observe import metric_list as listed
from workers.observe.families import counter, gauge, histogram


class SyncMetrics:
    """Every method is called once a batch, with counts. Durations are seconds.

    No series is there before its first value: a worker that mirrors nothing shows none of them.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._received = counter(listed.REGISTRY_EVENTS_RECEIVED, registry)
        self._succeeded = counter(listed.REGISTRY_SYNC_SUCCESS, registry)
        self._failed = counter(listed.REGISTRY_SYNC_FAILURES, registry)
        self._conflicts = counter(listed.REGISTRY_CONFLICTS, registry)
        self._duration = histogram(listed.REGISTRY_SYNC_DURATION, registry)
        self._enrichment = histogram(listed.REGISTRY_ENRICHMENT_DURATION, registry)
        self._lag = gauge(listed.REGISTRY_SYNC_LAG, registry)
        self._models = gauge(listed.MODELS_SYNCHRONIZED, registry)
        self._migrations = counter(listed.SCHEMA_MIGRATIONS, registry)
        self._awaiting = gauge(listed.SCHEMA_MIGRATIONS_AWAITING, registry)

    def received(self, event_type: str, count: int) -> None:
        """Count changes taken in."""
        self._received.of(event_type).inc(count)

    def synced(self, sync_type: str, seconds: float, count: int) -> None:
        """Count changes that the graph has, ``seconds`` after their batch was folded first."""
        self._succeeded.of(sync_type).inc(count)
        self._duration.of(sync_type).observe(seconds, count)

    def failed(self, error_type: str) -> None:
        """Count a change that was dead-lettered, by its code."""
        self._failed.of(error_type).inc()

    def conflict(self, conflict_type: str, resolution: str) -> None:
        """Count changes that contradicted each other, by what decided."""
        self._conflicts.of(conflict_type, resolution).inc()

    def enriched(self, seconds: float) -> None:
        """Observe the folding and planning of one batch."""
        self._enrichment.of().observe(seconds)

    def lag(self, seconds: float) -> None:
        """Set how long ago the source committed the newest change that the graph has."""
        self._lag.of().set(seconds)

    def models(self, count: int) -> None:
        """Set how many models this process mirrors."""
        self._models.of().set(count)

    def migrated(self, change_class: str, state: str) -> None:
        """Count a migration of a schema that has come to a state."""
        self._migrations.of(change_class, state).inc()

    def awaiting(self, count: int) -> None:
        """Set how many migrations wait for approval."""
        self._awaiting.of().set(count)
