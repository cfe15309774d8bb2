"""The changes by repricing: in total and by model."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from workers.ops.reprice.revision import Revision, usd


@dataclass(slots=True)
class Sums:
    """Numbers of Invocations and of differing ones; costs in US dollars, before and after."""

    invocations: int = 0
    differing: int = 0
    usd_before: Decimal = Decimal(0)
    usd_after: Decimal = Decimal(0)

    def add(self, revision: Revision) -> None:
        """Count one Invocation."""
        self.invocations += 1
        self.differing += revision.differs
        self.usd_before += usd(revision.before)
        self.usd_after += usd(revision.after)


@dataclass(slots=True)
class Difference:
    """The sums of all Invocations, and of each model that they name."""

    total: Sums = field(default_factory=Sums)
    by_model: dict[str, Sums] = field(default_factory=dict)

    def add(self, revisions: Iterable[Revision]) -> None:
        """Count the Invocations of a page."""
        for revision in revisions:
            self.total.add(revision)
            self.by_model.setdefault(revision.model_id, Sums()).add(revision)
