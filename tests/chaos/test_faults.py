"""Each fault alone: the checker must find nothing."""

from functools import partial

import pytest

from tests.chaos.conftest import Arenas, Harmless, Judge
from tests.chaos.faults.broker import (
    broker_restarted,
    broker_silent_at_an_assignment,
    broker_silent_at_dead_letters,
    transactions_aborted,
)
from tests.chaos.faults.database import (
    a_transaction_never_ends,
    answers_to_commits_lost,
    database_frozen,
    database_restarted,
    database_silent_and_much_to_read,
    database_silent_and_worker_killed,
    password_rotated,
)
from tests.chaos.faults.graph import emptied, nothing_remembered, restored_from_a_backup
from tests.chaos.faults.group import rewound
from tests.chaos.faults.kill import OF_A_RECORD, a_bug_raises, killed_at, killed_everywhere
from tests.chaos.faults.registry import registry_restarted
from tests.chaos.faults.scale import scaled_out_and_in, told_to_leave_amid_a_rebalance
from tests.chaos.faults.topic import grown, missed, recreated, refilled
from tests.chaos.faults.zombie import zombie, zombie_alone
from tests.chaos.running.points import Point
from tests.chaos.scenario import Fault, play

full = pytest.mark.full

FAULTS = [
    pytest.param(killed_everywhere, id="killed everywhere"),
    *(pytest.param(partial(killed_at, point=point), id=f"killed {point}", marks=full) for point in OF_A_RECORD),
    pytest.param(a_bug_raises, id="a bug raises", marks=full),
    pytest.param(zombie, id="zombie before_transaction"),
    *(
        pytest.param(partial(zombie, point=point), id=f"zombie {point}", marks=full)
        for point in (
            Point.AFTER_FETCH,
            Point.BEFORE_CLAIM,
            Point.AFTER_COMMIT,
            Point.AFTER_STATES,
            Point.BEFORE_DEAD_LETTERS,
        )
    ),
    pytest.param(zombie_alone, id="zombie alone", marks=full),
    pytest.param(scaled_out_and_in, id="scaled out and in", marks=full),
    pytest.param(told_to_leave_amid_a_rebalance, id="told to leave amid a rebalance", marks=full),
    pytest.param(broker_restarted, id="broker killed"),
    pytest.param(partial(broker_restarted, politely=True), id="broker restarted", marks=full),
    pytest.param(broker_silent_at_an_assignment, id="broker silent at an assignment", marks=full),
    pytest.param(transactions_aborted, id="transactions aborted", marks=full),
    pytest.param(database_restarted, id="database killed", marks=full),
    pytest.param(partial(database_restarted, politely=True), id="database restarted", marks=full),
    pytest.param(partial(database_frozen, seconds=8.0), id="database frozen for 8 s", marks=full),
    pytest.param(partial(database_frozen, seconds=60.0), id="database frozen for 60 s", marks=full),
    pytest.param(answers_to_commits_lost, id="answers to commits lost", marks=full),
    pytest.param(database_silent_and_worker_killed, id="database silent and worker killed", marks=full),
    pytest.param(password_rotated, id="password rotated", marks=full),
    pytest.param(restored_from_a_backup, id="graph restored from a backup", marks=full),
    pytest.param(emptied, id="graph emptied"),
    pytest.param(nothing_remembered, id="nothing remembered", marks=full),
    pytest.param(registry_restarted, id="registry killed", marks=full),
    pytest.param(rewound, id="rewound", marks=full),
    pytest.param(partial(recreated, under_way=False), id="topic recreated", marks=full),
    pytest.param(partial(recreated, under_way=True), id="topic recreated under way"),
    pytest.param(missed, id="topic missed by a rebalance", marks=full),
    pytest.param(refilled, id="topic recreated and refilled", marks=full),
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_nothing_is_lost_or_doubled(fault: Fault, harmless: Harmless) -> None:
    await harmless("ledger", fault)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(killed_everywhere, id="killed everywhere"),
        pytest.param(zombie, id="zombie", marks=full),
        pytest.param(answers_to_commits_lost, id="answers to commits lost", marks=full),
        pytest.param(emptied, id="graph emptied", marks=full),
        pytest.param(rewound, id="rewound", marks=full),
    ],
)
async def test_no_record_of_a_key_overtakes_its_dead_letter_where_the_order_is_strict(
    fault: Fault, harmless: Harmless
) -> None:
    await harmless("ledger", fault, order="strict", poison_percent=2.0)


@full
async def test_a_topic_that_gets_a_partition_is_read_in_all_of_them(arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(late_partitions=1)
    await play(arena, grown)
    assert not (await judged(arena)).findings


@full
async def test_a_transaction_that_never_ends_costs_one_record(arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(partitions=2, endless=1)
    await play(arena, a_transaction_never_ends)
    assert not (await judged(arena)).findings


@full
async def test_a_dead_letter_under_way_to_a_silent_broker_is_not_taken_for_sent(arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(partitions=1, traces=60)
    await play(arena, broker_silent_at_dead_letters)
    assert not (await judged(arena)).findings


@full
async def test_a_worker_leaves_in_the_log_what_it_has_no_room_for(arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(partitions=2, traces=60, content_bytes=160_000)
    await play(arena, partial(database_silent_and_much_to_read, room_mib=90))
    assert not (await judged(arena)).findings


async def test_a_partition_full_of_poison_does_no_harm_to_the_others(arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(poison_in_a_row=2_000)
    await play(arena, scaled_out_and_in)
    assert not (await judged(arena)).findings
