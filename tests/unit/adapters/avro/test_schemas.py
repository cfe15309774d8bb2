import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.adapters.avro.in_memory_registry import INVOCATION, NAMESPACE, TOPIC, InMemoryRegistry
from workers.adapters.avro.schemas import Schema, load_reader_schemas, register_schemas
from workers.core.errors import Misconfigured

RECORD = {"type": "record", "name": "A", "namespace": "n", "fields": []}
OURS = {"LLMInvocationEvent", "LLMTokenEvent", "LLMLatencyEvent", "LLMErrorEvent", "LLMMetricsEvent"}


def test_the_telemetry_folder_holds_the_five_records(schemas: Mapping[str, Schema]) -> None:
    assert set(schemas) == {f"{NAMESPACE}.{name}" for name in OURS}


def test_every_field_is_documented(schemas: Mapping[str, Schema]) -> None:
    undocumented = [
        (name, field["name"]) for name, schema in schemas.items() for field in schema["fields"] if not field.get("doc")
    ]
    assert undocumented == []
    assert all(schema["doc"] for schema in schemas.values())


def test_the_invocation_begins_as_the_released_one_field_by_field(schemas: Mapping[str, Schema]) -> None:
    released = json.loads((Path(__file__).parent / "released/LLMInvocationEvent.1.avsc").read_bytes())
    ours = [{name: value for name, value in field.items() if name != "doc"} for field in schemas[INVOCATION]["fields"]]
    assert ours[: len(released["fields"])] == released["fields"]
    assert all(field["default"] is None for field in ours[len(released["fields"]) :])


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({}, r"no \*.avsc"),
        ({"a.avsc": "{"}, "a.avsc"),
        ({"a.avsc": '{"type": "recrod", "name": "X"}'}, "recrod"),
        ({"a.avsc": '"string"'}, "no record"),
        ({"a.avsc": json.dumps(RECORD), "b.avsc": json.dumps(RECORD)}, "n.A"),
    ],
)
def test_a_folder_that_is_no_good_is_refused_with_the_fix(tmp_path: Path, files: dict[str, str], word: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(Misconfigured, match=word):
        load_reader_schemas(tmp_path)


async def test_every_record_is_registered_under_topic_and_full_name(
    registry: InMemoryRegistry, schemas: Mapping[str, Schema]
) -> None:
    ids = await register_schemas(registry, TOPIC, schemas)
    assert ids == {name: registry.subjects[f"{TOPIC}-{name}"] for name in schemas}
    assert len(set(ids.values())) == len(OURS)
