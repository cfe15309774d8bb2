"""The checker must find every bug that we seed into a worker."""

from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.chaos.bugs import Bug
from tests.chaos.checking.anomaly import Anomaly
from tests.chaos.conftest import Arenas, Judge
from tests.chaos.disasters.scenarios import partition_unreadable
from tests.chaos.faults.archive import killed_after_the_note
from tests.chaos.faults.broker import (
    broker_silent_at_an_assignment,
    broker_silent_at_dead_letters,
    transactions_aborted,
)
from tests.chaos.faults.database import (
    a_transaction_never_ends,
    database_silent_and_much_to_read,
    database_silent_and_worker_killed,
    password_rotated,
)
from tests.chaos.faults.graph import emptied, emptied_and_a_new_chain_begun, restored_from_a_backup
from tests.chaos.faults.kill import a_bug_raises, killed_in_turn
from tests.chaos.faults.scale import nothing, nothing_until_half_is_seen
from tests.chaos.faults.topic import grown, refilled
from tests.chaos.faults.vault import vault_killed
from tests.chaos.faults.zombie import zombie
from tests.chaos.running.points import Point
from tests.chaos.scenario import Fault, play

ROOM_MIB = 90
"""That scenario's stream is about 140 MiB; a worker may hold 16 MiB."""
LARGE = {"partitions": 2, "traces": 60, "content_bytes": 160_000}
LITTLE = {"partitions": 2}
LATE = {"partitions": 3, "late_partitions": 1}
SINGLE = {"partitions": 1, "traces": 60}


class Seeded(NamedTuple):
    """A bug, the fault that reveals it, and the findings, of which one is required.

    ``acts``  number of the scenario's phases after which it is visible
    """

    bug: Bug
    fault: Fault
    named: frozenset[Anomaly]
    acts: int
    stream: dict[str, Any]


killed_after_a_commit = partial(killed_in_turn, points=[Point.AFTER_COMMIT], at_once=1)
much_to_read = partial(database_silent_and_much_to_read, room_mib=ROOM_MIB)
restored_without_a_rebalance = partial(restored_from_a_backup, session_timeout_seconds=30)
"""A rebalance claims the partitions again, which would hide the bug: on a busy machine 6 s are too short."""
AHEAD_OR_LOST = frozenset({Anomaly.COMMIT_AHEAD, Anomaly.LOST})
"""The witness looks ten times a second. If it misses the commit, the lost record is found at the end."""
AUDIT = {"worker": "audit", "partitions": 2, "traces": 40}
LOST_OR_OLD = frozenset({Anomaly.LOST, Anomaly.STATE_DIVERGED})
STUCK = frozenset({Anomaly.STUCK})
SEEDED = [
    Seeded(Bug.COMMIT_BEFORE_WRITE, database_silent_and_worker_killed, frozenset({Anomaly.COMMIT_AHEAD}), 1, LITTLE),
    Seeded(Bug.COMMIT_PAST_IN_FLIGHT, database_silent_and_worker_killed, AHEAD_OR_LOST, 1, LITTLE),
    Seeded(Bug.COMMIT_ON_EXCEPTION, a_bug_raises, frozenset({Anomaly.COMMIT_AHEAD}), 1, LITTLE),
    Seeded(Bug.NO_FENCE, zombie, frozenset({Anomaly.FENCE_BROKEN}), 2, LITTLE),
    Seeded(Bug.NOTHING_RESTORED, killed_after_a_commit, frozenset({Anomaly.STATE_DIVERGED}), 3, LITTLE),
    Seeded(Bug.EARLIER_CLAIM_BELIEVED, emptied, frozenset({Anomaly.DOUBLED}), 2, LITTLE),
    Seeded(Bug.OFFSET_NOT_COMPARED, restored_without_a_rebalance, LOST_OR_OLD, 2, LITTLE),
    Seeded(Bug.DEAD_LETTER_NOT_AWAITED, broker_silent_at_dead_letters, frozenset({Anomaly.LOST}), 2, SINGLE),
    Seeded(Bug.TWO_TRANSACTIONS, nothing_until_half_is_seen, frozenset({Anomaly.HALF_SEEN}), 2, LITTLE),
    Seeded(Bug.UNBOUNDED_INTAKE, much_to_read, frozenset({Anomaly.MEMORY}), 1, LARGE),
    Seeded(Bug.RECOVERY_GIVEN_UP, broker_silent_at_an_assignment, STUCK, 2, LITTLE),
    Seeded(Bug.TOPIC_ASKED_ONCE, refilled, LOST_OR_OLD, 2, LITTLE),
    Seeded(Bug.TOPIC_ASKED_ONCE, grown, STUCK, 2, LATE),
    Seeded(Bug.PASSWORD_READ_ONCE, password_rotated, STUCK, 2, LITTLE),
    Seeded(Bug.NEVER_SUSPECTED, a_transaction_never_ends, STUCK, 2, {**LITTLE, "endless": 1}),
    Seeded(Bug.KEYS_NOT_READ, killed_after_a_commit, LOST_OR_OLD, 3, {"worker": "telemetry", **LITTLE}),
    Seeded(Bug.PARKED_KEYS_NOT_READ, nothing, frozenset({Anomaly.LOST}), 3, {"order": "strict", **LITTLE}),
    Seeded(Bug.ABORTED_READ, transactions_aborted, frozenset({Anomaly.DOUBLED}), 2, LITTLE),
    Seeded(Bug.DAMAGED_FETCH_DROPPED, partition_unreadable, frozenset({Anomaly.LOST}), 2, LITTLE),
    Seeded(Bug.HEAD_IN_ANOTHER_TRANSACTION, nothing_until_half_is_seen, frozenset({Anomaly.HALF_SEEN}), 1, AUDIT),
    Seeded(Bug.CHAIN_BEGUN_AGAIN, emptied_and_a_new_chain_begun, frozenset({Anomaly.RESTARTED}), 1, AUDIT),
    Seeded(Bug.HELD_CHECKPOINT_PUBLISHED, vault_killed, frozenset({Anomaly.UNSIGNED}), 1, AUDIT),
    Seeded(Bug.NOTED_BEFORE_THE_OBJECT, killed_after_the_note, frozenset({Anomaly.LOST}), 1, AUDIT),
]


SHORT = {Bug.COMMIT_BEFORE_WRITE, Bug.NO_FENCE, Bug.DEAD_LETTER_NOT_AWAITED}


@pytest.mark.parametrize(
    "seeded",
    [pytest.param(each, id=each.bug, marks=() if each.bug in SHORT else pytest.mark.full) for each in SEEDED],
)
async def test_a_seeded_bug_is_caught_and_named(seeded: Seeded, arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(bug=seeded.bug, **seeded.stream)
    await play(arena, seeded.fault, acts=seeded.acts)
    assert seeded.named & (await judged(arena)).anomalies
