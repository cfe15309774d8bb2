from workers.engine.health import STALLED_AFTER_SECONDS, WorkerHealth
from workers.testing import FakeClock


def test_a_worker_without_partitions_is_not_ready_and_says_why() -> None:
    (reason,) = WorkerHealth(FakeClock()).unready()
    assert "no partitions" in reason


def test_a_server_out_of_reach_is_named_until_it_answers() -> None:
    health = WorkerHealth(FakeClock())
    health.ready(recovered=True)
    health.unreachable("neo4j", "connection refused")
    assert health.unready() == ["neo4j does not answer: connection refused"]
    health.reachable("neo4j")
    assert health.unready() == []


def test_records_that_are_never_delivered_are_a_reason_to_restart() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    health.working()
    clock.now = STALLED_AFTER_SECONDS + 1
    assert len(health.unhealthy()) == 1
    health.progressed()
    assert health.unhealthy() == []


def test_waiting_for_a_server_is_no_reason_to_restart() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    health.working()
    health.unreachable("neo4j", "connection refused")
    clock.now = STALLED_AFTER_SECONDS + 1
    assert health.unhealthy() == []
