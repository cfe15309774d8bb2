"""How many calls have no cost lately, and why: sums of costs leave them out."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from workers.adapters.graph.driver import explained, open_driver
from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import Finding, ok

DAYS = 7
DAY_MS = 86_400_000
MOST_CALLS = 100_000
MOST_SHOWN = 3
# Along the index on timestamp, so that a large graph costs no more than MOST_CALLS.
UNPRICED = """
MATCH (i:Invocation) WHERE i.timestamp >= datetime({epochMillis: $since})
WITH i ORDER BY i.timestamp DESC LIMIT $limit
WITH i.provider AS provider, CASE i.price_source WHEN 'none' THEN coalesce(i.cost_note, 'unknown') END AS why,
  count(*) AS calls
RETURN provider, why, calls ORDER BY calls DESC, provider, why
"""


async def check_prices(settings: Neo4jSettings) -> list[Finding]:
    """Count the latest calls of the graph by provider and reason; that it is out of reach, its own check says."""
    since = int(time.time() * 1000) - DAYS * DAY_MS
    try:
        async with open_driver(settings) as driver:
            with explained(settings):
                found = await driver.execute_query(UNPRICED, since=since, limit=MOST_CALLS, database_=settings.database)
    except (Misconfigured, Unreachable):
        return []
    return [judge_prices([record.data() for record in found.records])]


def judge_prices(rows: Sequence[Mapping[str, Any]]) -> Finding:
    """Say how many calls have no cost, the most frequent reasons first. That is no fault of the installation."""
    total = sum(row["calls"] for row in rows)
    unpriced = [row for row in rows if row["why"] is not None]
    if not unpriced:
        return ok("prices", f"all of the latest {total:,} calls that can be priced have a price")
    shown = "; ".join(f"{row['provider']}: {row['why']} ({row['calls']:,})" for row in unpriced[:MOST_SHOWN])
    more = len(unpriced) - MOST_SHOWN
    count = sum(row["calls"] for row in unpriced)
    rest = f"; and {more} more" if more > 0 else ""
    return ok(
        "prices",
        f"{count:,} of the latest {total:,} calls have no price: {shown}{rest}; see UnpricedCalls in the runbook",
    )
