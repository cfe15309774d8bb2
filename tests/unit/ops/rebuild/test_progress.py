"""How far a rebuild says it is."""

from workers.core.record import TopicPartition
from workers.engine.health import WorkerHealth
from workers.ops.rebuild.progress import Progress
from workers.testing import FakeClock


def test_it_says_records_and_the_time_that_is_left() -> None:
    shown, clock = list[str](), FakeClock()
    progress = Progress(shown.append, clock.monotonic)
    telemetry = progress.of("telemetry")
    telemetry.expect(800)
    clock.now = 10.0
    telemetry.add(200)
    assert shown[-1] == "telemetry: 200 of 800 records, 0:00:30 left"
    telemetry.add(600)
    assert shown[-1] == "telemetry: 800 of 800 records"
    progress.of("telemetry").expect(100)
    clock.now = 12.0
    telemetry.add(50)
    assert shown[-1] == "telemetry: 850 of 900 records, 0:00:02 left", "a round counts by itself"
    assert progress.done == 850


def test_it_says_what_it_waits_for() -> None:
    shown, health = list[str](), WorkerHealth(FakeClock())
    part = Progress(shown.append).of("registry")
    part.health = health
    part.expect(3)
    with health.partition(TopicPartition("changes", 0)).waiting("neo4j") as wait:
        wait.outage = "it does not answer"
        part.add(1)
    assert shown == ["registry: 1 of 3 records; waits: it does not answer"]
