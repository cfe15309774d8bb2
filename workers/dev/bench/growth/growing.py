"""A cost at several sizes, and whether it grows faster than a search in a sorted index does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Cost:
    """What one row costs at each size.

    ``unit``   of the costs, such as dbhits
    ``rows``   of one measurement
    ``new_plan``   the cost at the last size by a plan that was made there; the other costs are by the first size's plan
    """

    what: str
    unit: str
    rows: int
    costs: Sequence[float]
    new_plan: float | None = None

    @property
    def last(self) -> float:
        """Return the cost at the last size, by the worse plan."""
        return max(self.costs[-1], self.new_plan or 0.0)

    @property
    def ratio(self) -> float:
        """Return the cost at the last size divided by that at the first; 1 where both are nothing."""
        first = self.costs[0]
        if first:
            return self.last / first
        return math.inf if self.last else 1.0


@dataclass(frozen=True, slots=True)
class Growing:
    """Costs at sizes of one kind, such as calls in the graph. ``sizes`` are in ascending order, each above 1."""

    of: str
    sizes: Sequence[int]
    costs: list[Cost] = field(default_factory=list)

    @property
    def allowed(self) -> float:
        """Return the ratio of the logarithms of the last size and the first."""
        return math.log(self.sizes[-1]) / math.log(self.sizes[0])

    def grows(self, cost: Cost) -> bool:
        """Tell whether a cost grows faster than log n."""
        return cost.ratio > self.allowed

    @property
    def too_fast(self) -> list[Cost]:
        """Return the costs that grow faster than log n."""
        return [cost for cost in self.costs if self.grows(cost)]
