from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from workers.adapters.kafka.producer import BY_KEY
from workers.core.errors import Retryable
from workers.core.job import Awaiting, Call, Publish
from workers.engine.jobs.effects import Effects
from workers.observe.metrics import Metrics

PUBLISH = Publish("topic", b"key", "Record", {"id": 1})
CALL = Call("POST", "/path", {"id": 1}, "key")


class World:
    """Encoder, producer and API in one."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.away = False

    async def encode(self, topic: str, record_name: str, fields: Mapping[str, Any]) -> bytes:
        return f"{topic} {record_name} {fields['id']}".encode()

    async def send(self, topic: str, partition: int, messages: Sequence[tuple[bytes, bytes]]) -> None:
        if self.away:
            raise Retryable("no such topic")
        self.done.append((topic, partition, *messages))

    async def call(self, *call: Any) -> None:
        self.done.append(call)


async def test_a_record_goes_where_its_key_goes_and_a_call_to_the_api() -> None:
    world: Any = World()
    effects = Effects(world, world, world, Metrics().sync)
    await effects.do(PUBLISH)
    await effects.do(CALL)
    assert world.done == [("topic", BY_KEY, (b"key", b"topic Record 1")), tuple(CALL)]


async def test_a_topic_that_takes_nothing_is_named_with_the_fix() -> None:
    world: Any = World()
    world.away = True
    with pytest.raises(Retryable, match=r"topic: no such topic; .*topology apply --execute"):
        await Effects(world, world, None, Metrics().sync).do(PUBLISH)


async def test_a_call_without_an_api_is_a_bug() -> None:
    world: Any = World()
    with pytest.raises(RuntimeError, match="POST /path without an API"):
        await Effects(world, world, None, Metrics().sync).do(CALL)
    with pytest.raises(RuntimeError, match="schema s without an API"):
        await Effects(world, world, None, Metrics().sync).fetch_schema("s", "1")


async def test_what_awaits_approval_is_shown_in_the_metrics() -> None:
    world: Any = World()
    metrics = Metrics()
    await Effects(world, world, None, metrics.sync).do(Awaiting(2))
    shown = metrics.registry.get_sample_value("llm_memory_graph_schema_migrations_awaiting_approval")
    assert (shown, world.done) == (2, [])
