from tests.unit.engine.fakes import FakeClock
from workers.engine.health import STALLED_AFTER_SECONDS, WorkerHealth


def test_a_worker_without_partitions_is_not_ready_and_says_why() -> None:
    (reason,) = WorkerHealth(FakeClock()).unready()
    assert "no partitions" in reason


def test_a_server_out_of_reach_is_named_until_it_answers() -> None:
    condition = WorkerHealth(FakeClock())
    condition.recovered(done=True)
    condition.unreachable("neo4j", "connection refused")
    assert condition.unready() == ["neo4j does not answer: connection refused"]
    condition.reachable("neo4j")
    assert condition.unready() == []


def test_records_that_never_get_through_are_a_reason_to_restart() -> None:
    clock = FakeClock()
    condition = WorkerHealth(clock)
    condition.working()
    clock.now = STALLED_AFTER_SECONDS + 1
    assert len(condition.unhealthy()) == 1
    condition.progressed()
    assert condition.unhealthy() == []


def test_waiting_for_a_server_is_no_reason_to_restart() -> None:
    clock = FakeClock()
    condition = WorkerHealth(clock)
    condition.working()
    condition.unreachable("neo4j", "connection refused")
    clock.now = STALLED_AFTER_SECONDS + 1
    assert condition.unhealthy() == []
