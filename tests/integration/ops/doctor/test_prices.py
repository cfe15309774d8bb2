"""What doctor says of calls without a price, from a real graph."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.config.settings import Settings
from workers.ops.doctor.finding import State
from workers.ops.doctor.price_checks import DAYS, check_prices

CALLS = """
UNWIND $calls AS call
CREATE (i:Invocation {key: $provider + toString(call[0])})
SET i.provider = $provider, i.timestamp = datetime() - duration({days: call[1]}), i.price_source = call[2],
  i.cost_note = call[3]
"""
CLEAR = "MATCH (i:Invocation {provider: $provider}) DELETE i"
NEVER_PRICED = 500
"""More than the calls without a price that other tests leave in the shared graph have of one reason."""


@pytest.fixture
async def provider() -> AsyncIterator[str]:
    """Yield a provider with calls of now without a price, with one, and with one from its events; and an old one."""
    provider, settings = f"doctor-{uuid4().hex}", Settings.from_environment().neo4j
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        calls = [[number, 0, "none", "nobody knows it"] for number in range(NEVER_PRICED)]
        calls += [[NEVER_PRICED + number, 0, source, None] for number, source in enumerate(("reported", "registry"))]
        calls.append([NEVER_PRICED + 2, DAYS + 1, "none", "nobody knows it"])
        await driver.execute_query(CALLS, provider=provider, calls=calls, database_=settings.database)
        yield provider
        await driver.execute_query(CLEAR, provider=provider, database_=settings.database)


async def test_calls_of_the_last_days_without_a_price_are_counted_by_provider_and_reason(provider: str) -> None:
    (found,) = await check_prices(Settings.from_environment().neo4j)
    assert (found.check, found.state) == ("prices", State.OK)
    assert f"{provider}: nobody knows it ({NEVER_PRICED:,})" in found.message
    assert found.message.count(provider) == 1, "what is priced is no reason"
