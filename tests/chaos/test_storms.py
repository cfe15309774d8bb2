"""Random combinations of faults, decided by the seed."""

import pytest

from tests.chaos.conftest import Harmless
from tests.chaos.faults.storm import storm

STORMS = 3


@pytest.mark.full
@pytest.mark.parametrize("number", range(STORMS))
@pytest.mark.parametrize("worker", ["ledger", "telemetry"])
async def test_no_storm_does_any_harm(worker: str, number: int, seed: int, harmless: Harmless) -> None:
    await harmless(worker, lambda arena: storm(arena, seed * STORMS + number), traces=32)
