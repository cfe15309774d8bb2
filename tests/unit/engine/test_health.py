from contextlib import suppress

from workers.engine.health import STALLED_AFTER_SECONDS, PartitionHealth, Unready, WorkerHealth
from workers.testing import PARTITION, FakeClock


def watched() -> tuple[FakeClock, WorkerHealth, PartitionHealth]:
    """Return a worker with one partition, recovered."""
    clock = FakeClock()
    health = WorkerHealth(clock)
    health.assigned()
    health.recovered()
    return clock, health, health.partition(PARTITION)


def test_a_worker_without_partitions_is_not_ready_and_says_why() -> None:
    (reason,) = WorkerHealth(FakeClock()).unready()
    assert "no partitions" in reason


def test_a_server_out_of_reach_is_named_until_it_answers() -> None:
    _, health, partition = watched()
    with partition.waiting("neo4j") as wait:
        assert health.unready() == []
        wait.outage = "connection refused"
        assert health.unready() == ["neo4j does not answer: connection refused"]
        assert health.waits() == {PARTITION: wait}
    assert health.unready() == []
    assert health.waits() == {}


def test_a_reason_from_an_outage_does_not_outlive_its_wait() -> None:
    _, health, partition = watched()
    with suppress(RuntimeError), partition.waiting("kafka") as wait:
        wait.outage = "away"
        raise RuntimeError("drained")
    assert health.unready() == []


def test_an_idle_worker_whose_server_is_away_is_not_ready() -> None:
    _, health, _ = watched()
    health.server("neo4j", "connection refused")
    assert health.unready() == ["neo4j does not answer: connection refused"]
    health.server("neo4j")
    assert health.unready() == []


def test_records_that_are_never_delivered_are_a_reason_to_restart_whatever_other_partitions_do() -> None:
    clock, health, partition = watched()
    other = health.partition(PARTITION._replace(partition=1))
    partition.working()
    other.working()
    clock.now = STALLED_AFTER_SECONDS + 1
    other.progressed(more=True)
    with partition.waiting("throttle"):
        (reason,) = health.unhealthy()
        assert f"{PARTITION}: no batch" in reason
        assert "throttle" in reason
    partition.progressed(more=False)
    assert health.unhealthy() == []


def test_records_that_wait_since_the_last_batch_are_counted_from_there() -> None:
    clock, health, partition = watched()
    partition.working()
    clock.now = STALLED_AFTER_SECONDS - 1
    partition.progressed(more=True)
    clock.now = STALLED_AFTER_SECONDS + 1
    assert health.unhealthy() == []
    clock.now = 2 * STALLED_AFTER_SECONDS
    assert len(health.unhealthy()) == 1


def test_waiting_for_a_server_that_is_away_is_no_reason_to_restart() -> None:
    clock, health, partition = watched()
    partition.working()
    with partition.waiting("neo4j") as wait:
        wait.outage = "connection refused"
        clock.now = STALLED_AFTER_SECONDS + 1
        assert health.unhealthy() == []


def test_who_waits_for_a_transaction_that_an_outage_keeps_is_no_reason_to_restart_then_or_just_after() -> None:
    clock, health, partition = watched()
    queued = health.partition(PARTITION._replace(partition=1))
    partition.working()
    queued.working()
    with queued.waiting("writers"):
        with partition.waiting("neo4j") as wait:
            wait.outage = "connection refused"
            clock.now = STALLED_AFTER_SECONDS + 1
            assert health.unhealthy() == []
        assert health.unhealthy() == [], "neither has had the time to deliver a batch"
        partition.progressed(more=False)
        clock.now += STALLED_AFTER_SECONDS - 1
        assert health.unhealthy() == []
        clock.now += 1
        (reason,) = health.unhealthy()
        assert "during: writers" in reason


def test_an_outage_of_one_partition_does_not_hide_that_another_hangs() -> None:
    clock, health, partition = watched()
    hanging = health.partition(PARTITION._replace(partition=1))
    partition.working()
    hanging.working()
    with partition.waiting("neo4j") as wait:
        wait.outage = "connection refused"
        clock.now = STALLED_AFTER_SECONDS
        assert len(health.unhealthy()) == 1


def test_what_waits_at_a_drain_does_not_make_an_idle_worker_unhealthy() -> None:
    clock, health, partition = watched()
    partition.working()
    health.drained()
    clock.now = STALLED_AFTER_SECONDS + 1
    assert health.unhealthy() == []


def test_an_assignment_that_never_accepts_records_is_a_reason_to_restart() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    health.assigned()
    clock.now = STALLED_AFTER_SECONDS - 1
    assert health.unhealthy() == []
    clock.now = STALLED_AFTER_SECONDS
    assert "assigned 120 s ago" in health.unhealthy()[0]
    health.recovered()
    assert health.unhealthy() == []


def test_an_assignment_that_waits_for_kafka_is_no_reason_to_restart() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    health.assigned()
    clock.now = STALLED_AFTER_SECONDS
    health.server("kafka", "it does not answer")
    assert health.unhealthy() == []
    health.server("kafka")
    clock.now += STALLED_AFTER_SECONDS - 1
    assert health.unhealthy() == []
    clock.now += 1
    assert "assigned 120 s ago" in health.unhealthy()[0]


def test_the_reasons_of_an_unready_worker_have_fixed_names() -> None:
    _, health, partition = watched()
    assert health.unready_reasons() == set()
    health.server("kafka", "connection refused")
    with partition.waiting("neo4j") as wait:
        wait.outage = "connection refused"
        assert health.unready_reasons() == {"kafka", "neo4j"}
        wait.outage, wait.needs_operator = "it refuses the password", True
        assert health.unready_reasons() == {"kafka", "operator"}
    health.server("kafka", "it refuses the password", needs_operator=True)
    assert health.unready_reasons() == {"operator"}
    health.server("kafka")
    health.hold(Unready.DEAD_LETTER_LIMIT, "1000 records were rejected")
    assert health.unready() == ["1000 records were rejected"]
    assert health.unready_reasons() == {"dead_letter_limit"}
    health.drained()
    assert health.unready_reasons() == {"dead_letter_limit", "no_partitions"}


def test_a_recovery_lasts_until_records_are_accepted() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    assert health.recovery_seconds() == 0
    health.assigned()
    clock.now = 7
    assert health.recovery_seconds() == 7
    health.recovered()
    assert health.recovery_seconds() == 0


def test_a_note_stays_until_it_is_forgotten_and_is_no_reason_to_be_unready() -> None:
    _, health, _ = watched()
    health.recovered()
    health.note("checkpoints", "they are unsigned")
    health.note("checkpoints", "they wait")
    assert (health.notes(), health.unready()) == (["they wait"], [])
    health.note("checkpoints", "")
    assert health.notes() == []
