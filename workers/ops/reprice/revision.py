"""An Invocation from the graph, computed again."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from workers.pipelines.telemetry.cost import InvocationCost, cost_of
from workers.pipelines.telemetry.prices.pricing import PriceBook
from workers.pipelines.telemetry.tokens.conventions import TokenCounts
from workers.pipelines.telemetry.tokens.used import Used
from workers.pipelines.telemetry.write.rows import BillingColumns

COUNTS = len(TokenCounts._fields)
COSTS = COUNTS + len(BillingColumns._fields)
"""Where the columns of the counts end, and where those of the cost begin."""


class Revision(NamedTuple):
    """The stored and the new values of an Invocation. ``read`` is the stored state as text, to compare with later."""

    key: str
    model_id: str
    read: Sequence[str]
    before: InvocationCost
    version_ids: tuple[str, ...]
    after: InvocationCost
    version_id: str | None

    @property
    def differs(self) -> bool:
        """Return whether there is anything to write."""
        versions = () if self.version_id is None else (self.version_id,)
        return self.before != self.after or self.version_ids != versions

    def row(self) -> dict[str, Any]:
        """Return the row for the statement: the values, and the state that it requires."""
        return {"key": self.key, "read": self.read, "version_id": self.version_id, **self.after._asdict()}


def revise(found: Mapping[str, Any], book: PriceBook) -> Revision:
    """Price and version a row of a page as telemetry would today."""
    model_id, provider, timestamp, *rest = found["columns"]
    used, before = Used(TokenCounts(*rest[:COUNTS]), *rest[COUNTS:COSTS]), InvocationCost(*rest[COSTS:])
    terms = book.terms(provider or "", model_id or "", timestamp, used.service_tier)
    versions = tuple(found["version_ids"])
    after = cost_of(used, terms)
    return Revision(found["key"], model_id, found["read"], before, versions, after, terms.version_id)


def usd(charged: InvocationCost) -> Decimal:
    """Return the exact cost; no cost counts as 0."""
    return Decimal(charged.cost_usd_exact or 0)
