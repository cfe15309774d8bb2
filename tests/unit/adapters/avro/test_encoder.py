import asyncio
from typing import Any

import pytest

from tests.unit.adapters.avro.in_memory_registry import INVOCATION, TOPIC, InMemoryRegistry
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.wire import prefix_of


async def test_a_schema_is_registered_when_first_needed_and_once(
    registry: InMemoryRegistry, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    assert registry.subjects == {}
    values = await asyncio.gather(*(encoder.encode(TOPIC, INVOCATION, invocation) for _ in range(3)))
    assert registry.subjects == {f"{TOPIC}-{INVOCATION}": 1}
    assert {value[:5] for value in values} == {prefix_of(1)}


async def test_each_topic_has_its_own_subject(
    registry: InMemoryRegistry, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    first, second = [(await encoder.encode(topic, INVOCATION, invocation))[:5] for topic in ("one", "two")]
    assert set(registry.subjects) == {f"one-{INVOCATION}", f"two-{INVOCATION}"}
    assert first != second


@pytest.mark.parametrize("change", [{"status": "CANCELLED"}, {"latency_ms": "fast"}, {"tokens_in": 3}])
async def test_fields_that_do_not_fit_the_schema_are_refused(
    encoder: AvroEncoder, invocation: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises((ValueError, TypeError)):
        await encoder.encode(TOPIC, INVOCATION, invocation | change)


async def test_a_missing_field_without_default_is_refused(encoder: AvroEncoder, invocation: dict[str, Any]) -> None:
    del invocation["trace_id"]
    with pytest.raises(ValueError, match="trace_id"):
        await encoder.encode(TOPIC, INVOCATION, invocation)
