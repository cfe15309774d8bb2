"""Faults in seeded random combination: another seed, another storm."""

import pytest

from tests.chaos.conftest import Arenas, Judge
from tests.chaos.faults.storm import storm
from tests.chaos.scenario import play

STORMS = 3


@pytest.mark.full
@pytest.mark.parametrize("number", range(STORMS))
@pytest.mark.parametrize("worker", ["ledger", "telemetry"])
async def test_no_storm_does_any_harm(worker: str, number: int, seed: int, arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(worker, traces=32)
    await play(arena, lambda arena: storm(arena, seed * STORMS + number))
    assert not (await judged(arena)).findings
