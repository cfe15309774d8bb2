"""The telemetry worker: with and without a fault, the graph's hash is equal."""

from functools import partial

import pytest

from tests.chaos.conftest import Harmless
from tests.chaos.faults.database import answers_to_commits_lost, database_restarted
from tests.chaos.faults.graph import emptied, nothing_remembered, restored_from_a_backup
from tests.chaos.faults.group import rewound
from tests.chaos.faults.kill import killed_everywhere
from tests.chaos.faults.topic import recreated
from tests.chaos.faults.zombie import zombie
from tests.chaos.scenario import Fault

full = pytest.mark.full


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(answers_to_commits_lost, id="answers to commits lost"),
        pytest.param(killed_everywhere, id="killed everywhere", marks=full),
        pytest.param(zombie, id="zombie", marks=full),
        pytest.param(database_restarted, id="database killed", marks=full),
        pytest.param(rewound, id="rewound", marks=full),
        pytest.param(restored_from_a_backup, id="graph restored from a backup", marks=full),
        pytest.param(emptied, id="graph emptied", marks=full),
        pytest.param(nothing_remembered, id="nothing remembered"),
        pytest.param(partial(recreated, under_way=True), id="topic recreated under way", marks=full),
    ],
)
async def test_the_graph_is_that_of_an_undisturbed_run(fault: Fault, harmless: Harmless) -> None:
    await harmless("telemetry", fault)
