"""What became of a batch's events that are not in the graph, once it is delivered."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from workers.core.observation import Observation, Skipped


@dataclass(frozen=True, slots=True)
class Delivered:
    """Offsets of the events that enrichment or the database turned away; how many of a type the fold left out."""

    turned_away: frozenset[int] = frozenset()
    left_out: "Counter[str]" = field(default_factory=Counter)

    def __or__(self, other: "Delivered") -> "Delivered":
        return Delivered(self.turned_away | other.turned_away, self.left_out + other.left_out)


def left_out_of(observed: Iterable[Observation]) -> "Counter[str]":
    """Count by event type what a named policy left out while it was folded."""
    return Counter(each.event_type for each in observed if isinstance(each, Skipped))
