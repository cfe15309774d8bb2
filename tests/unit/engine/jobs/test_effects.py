from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.unit.observe.collected import Collected, traceparent
from workers.adapters.registry_database.replication import LogPosition
from workers.config.settings import KafkaConnectSettings, RegistryDatabaseSettings
from workers.core.errors import Retryable, Unreachable
from workers.core.job import AskConnector, AskReplication, Call, Publish
from workers.core.metric import Measurement, gauge
from workers.core.record import OutgoingRecord
from workers.core.report import LogLine
from workers.engine.jobs import effects as effects_module
from workers.engine.jobs.effects import Effects
from workers.observe.tracing import NO_TRACING

PUBLISH = Publish("topic", b"key", "Record", {"id": 1})
CALL = Call("POST", "/path", {"id": 1}, "key")
WAITING = gauge("waiting", "Waiting things.")
BYTES = gauge("bytes", "Bytes.")


class World:
    """Encoder, producer and API in one."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.away = False

    async def encode(self, topic: str, record_name: str, fields: Mapping[str, Any]) -> bytes:
        return f"{topic} {record_name} {fields['id']}".encode()

    async def send(self, records: Sequence[OutgoingRecord]) -> None:
        if self.away:
            raise Retryable("no such topic")
        self.done += records

    async def call(self, *call: Any) -> None:
        self.done.append(call)


def ignore(_: Measurement) -> None:
    return None


async def test_the_key_decides_a_records_partition_and_a_call_goes_to_the_api() -> None:
    world: Any = World()
    effects = Effects(world, world, world, ignore, NO_TRACING)
    await effects.run(PUBLISH)
    await effects.run(CALL)
    assert world.done == [OutgoingRecord("topic", b"key", b"topic Record 1", headers=[]), tuple(CALL)]


async def test_a_failing_topic_is_named_with_the_fix() -> None:
    world: Any = World()
    world.away = True
    with pytest.raises(Retryable, match=r"topic: no such topic; .*topology apply --execute"):
        await Effects(world, world, None, ignore, NO_TRACING).run(PUBLISH)


async def test_a_call_without_an_api_is_a_bug() -> None:
    world: Any = World()
    with pytest.raises(RuntimeError, match="POST /path without an API"):
        await Effects(world, world, None, ignore, NO_TRACING).run(CALL)
    with pytest.raises(RuntimeError, match="GET /path without an API"):
        await Effects(world, world, None, ignore, NO_TRACING).fetch("/path")


async def test_a_measurement_goes_to_the_metrics() -> None:
    world: Any = World()
    recorded: list[Measurement] = []
    await Effects(world, world, None, recorded.append, NO_TRACING).run(Measurement(WAITING, 2))
    assert (recorded, world.done) == ([Measurement(WAITING, 2)], [])


async def test_a_log_line_is_logged_with_its_level_and_fields() -> None:
    world: Any = World()
    with capture_logs() as logged:
        await Effects(world, world, None, ignore, NO_TRACING).run(LogLine("warning", "conflict", {"subject": "m"}))
    assert (logged, world.done) == ([{"event": "conflict", "log_level": "warning", "subject": "m"}], [])


@pytest.mark.parametrize(("state", "value"), [("RUNNING", 1), ("FAILED", 0)])
async def test_the_state_of_a_connector_sets_a_gauge(state: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, str]] = []

    def status(settings: KafkaConnectSettings, connector: str) -> Any:
        asked.append((settings.url, connector))
        return {"connector": {"state": "RUNNING"}, "tasks": [{"state": state}]}

    monkeypatch.setattr(effects_module, "connector_status", status)
    world: Any = World()
    recorded: list[Measurement] = []
    effects = Effects(world, world, None, recorded.append, NO_TRACING, KafkaConnectSettings(url="http://connect:8083"))
    await effects.run(AskConnector("registry", WAITING))
    assert asked == [("http://connect:8083", "registry")]
    assert recorded == [Measurement(WAITING, value)]


async def test_a_connector_of_a_connect_that_is_away_does_not_run_and_without_one_nobody_says() -> None:
    world: Any = World()
    recorded: list[Measurement] = []
    await Effects(world, world, None, recorded.append, NO_TRACING).run(AskConnector("registry", WAITING))
    assert recorded == []
    away = Effects(world, world, None, recorded.append, NO_TRACING, KafkaConnectSettings(url="http://127.0.0.1:9"))
    await away.run(AskConnector("registry", WAITING))
    assert recorded == [Measurement(WAITING, 0)]


async def test_what_a_slot_has_not_confirmed_sets_gauges_and_grows_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[LogPosition | Exception] = [
        LogPosition(100, 40, active=True),
        LogPosition(100, 40, active=True),
        Unreachable("away"),
    ]

    def position(_settings: RegistryDatabaseSettings, slot: str) -> LogPosition:
        assert slot == "memory_graph"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    seconds = iter([5.0, 25.0, 65.0])
    monkeypatch.setattr(effects_module, "log_position", position)
    monkeypatch.setattr(effects_module, "monotonic", lambda: next(seconds))
    world: Any = World()
    recorded: list[Measurement] = []
    ask = AskReplication("memory_graph", WAITING, BYTES)
    await Effects(world, world, None, recorded.append, NO_TRACING).run(ask)
    assert recorded == [], "without a database nobody says"
    database = RegistryDatabaseSettings(url=SecretStr("postgresql://registry"))
    effects = Effects(world, world, None, recorded.append, NO_TRACING, database=database)
    for _ in range(3):
        await effects.run(ask)
    assert recorded == [
        *(Measurement(WAITING, 0), Measurement(BYTES, 60)),
        *(Measurement(WAITING, 20), Measurement(BYTES, 60)),
        Measurement(WAITING, 60),
    ]


async def test_a_published_record_goes_on_in_the_trace_of_its_step_with_the_workers_baggage() -> None:
    world: Any = World()
    tracing = Collected()
    with tracing.step("toy", "job", "topic"):
        effects = Effects(world, world, world, ignore, tracing)
        await effects.run(PUBLISH._replace(baggage={"colour": "red"}))
        await effects.run(PUBLISH)
    (step,) = tracing.spans()
    assert [record.headers for record in world.done] == [
        [traceparent(step), ("baggage", b"colour=red")],
        [traceparent(step)],
    ]
