from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adapters.avro.in_memory_registry import HandClock, InMemoryRegistry
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schemas import Schema, load_reader_schemas

ROOT = Path(__file__).parents[4]


@pytest.fixture
def registry() -> InMemoryRegistry:
    return InMemoryRegistry()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def schemas() -> Mapping[str, Schema]:
    return load_reader_schemas(ROOT / "schemas/avro/telemetry")


@pytest.fixture
def codec(registry: InMemoryRegistry, schemas: Mapping[str, Schema], clock: HandClock) -> AvroCodec:
    return AvroCodec(registry, schemas, clock=clock)


@pytest.fixture
def encoder(registry: InMemoryRegistry, schemas: Mapping[str, Schema]) -> AvroEncoder:
    return AvroEncoder(registry, schemas)


@pytest.fixture
def invocation() -> dict[str, Any]:
    """The fields of Appendix A: everything else has a default."""
    return {
        "event_id": "0190c1de-0000-7000-8000-000000000001",
        "event_type": "llm.invocation.complete",
        "timestamp": 1_700_000_000_123,
        "model_id": "gpt-4o",
        "provider": "openai",
        "token_count": 321,
        "latency_ms": 812.5,
        "status": "SUCCESS",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "metadata": {"region": "eu"},
    }
