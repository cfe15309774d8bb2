"""A whole server is gone: nothing is lost, and the minutes until the graph has everything again are measured."""

import pytest

from tests.chaos.conftest import Arenas, Judge
from tests.chaos.disasters.scenarios import neo4j_lost
from tests.chaos.scenario import Fault, play


@pytest.mark.full
@pytest.mark.parametrize(
    ("worker", "fault"),
    [
        pytest.param("ledger", neo4j_lost, id="Neo4j lost"),
    ],
)
async def test_nothing_is_lost(worker: str, fault: Fault, arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(worker)
    await play(arena, fault)
    assert not (await judged(arena)).findings
