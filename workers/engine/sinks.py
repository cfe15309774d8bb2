"""Everything that a delivery writes to, and what protects it."""

from dataclasses import dataclass, replace

from workers.core.clock import Clock
from workers.core.ports import DeadLetters, GraphWriter
from workers.engine.health import PartitionHealth
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry
from workers.engine.resilience.throttle import Throttle
from workers.engine.resilience.writers import Writers
from workers.engine.state.known_keys import KnownKeys
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Sinks:
    """Shared by all partitions of a process."""

    writer: GraphWriter
    dead_letters: DeadLetters
    states: StateTable
    retry: Retry
    throttle: Throttle
    dead_letter_limiter: DeadLetterLimiter
    transactions: Writers
    """The number of transactions at the same time, over all partitions."""
    health: PartitionHealth
    metrics: Metrics
    clock: Clock
    known: KnownKeys | None = None
    """Which keys the graph may know; ``None`` where every key that is not in memory is read."""

    def for_partition(self, health: PartitionHealth) -> "Sinks":
        """Return the same sinks, whose waits are named in the health of one partition."""
        return replace(self, retry=self.retry.for_partition(health), health=health)
