"""The telemetry worker itself: what a fault leaves is the graph of a run that nothing disturbed, hash and all."""

from functools import partial

import pytest

from tests.chaos.conftest import Arenas, Judge
from tests.chaos.faults.database import answers_to_commits_lost, database_restarted
from tests.chaos.faults.group import rewound
from tests.chaos.faults.kill import killed_everywhere
from tests.chaos.faults.scale import undisturbed
from tests.chaos.faults.topic import recreated
from tests.chaos.faults.zombie import zombie
from tests.chaos.scenario import Fault, play

full = pytest.mark.full
_undisturbed: dict[int, str] = {}
"""The hash of the undisturbed run, by seed: played once."""


async def undisturbed_hash(seed: int, arenas: Arenas, judged: Judge) -> str:
    if seed not in _undisturbed:
        arena = await arenas("telemetry")
        await play(arena, undisturbed)
        report = await judged(arena)
        assert not report.findings
        _undisturbed[seed] = report.graph_hash
    return _undisturbed[seed]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(answers_to_commits_lost, id="answers to commits lost"),
        pytest.param(killed_everywhere, id="killed everywhere", marks=full),
        pytest.param(zombie, id="zombie", marks=full),
        pytest.param(database_restarted, id="database killed", marks=full),
        pytest.param(rewound, id="rewound", marks=full),
        pytest.param(partial(recreated, under_way=True), id="topic recreated under way", marks=full),
    ],
)
async def test_the_graph_is_that_of_an_undisturbed_run(fault: Fault, seed: int, arenas: Arenas, judged: Judge) -> None:
    expected = await undisturbed_hash(seed, arenas, judged)
    arena = await arenas("telemetry")
    await play(arena, fault)
    report = await judged(arena)
    assert not report.findings
    assert report.graph_hash == expected
