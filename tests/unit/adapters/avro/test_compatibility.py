"""Each current schema reads what each released one wrote, and the other way round."""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastavro import schemaless_reader, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.adapters.avro.schemas import Schema, load_reader_schemas, parse

RELEASED = Path(__file__).parent / "released"
ROOT = Path(__file__).parents[4]
CURRENT = {
    name: schema
    for folder in ("telemetry", "evolution", "registry")
    for name, schema in load_reader_schemas(ROOT / "schemas/avro" / folder).items()
}
PAIRS = [(file, json.loads(file.read_bytes())) for file in sorted(RELEASED.rglob("*.avsc"))]
LONG = st.integers(min_value=-(2**63), max_value=2**63 - 1)
PRIMITIVES: Mapping[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "string": st.text(max_size=20),
    "int": st.integers(min_value=-(2**31), max_value=2**31 - 1),
    "long": LONG,
    "double": st.floats(allow_nan=False),
}


def values_of(avro_type: Any) -> st.SearchStrategy[Any]:
    if isinstance(avro_type, list):
        return st.one_of([values_of(branch) for branch in avro_type])
    if isinstance(avro_type, str):
        return PRIMITIVES[avro_type]
    kind = avro_type["type"]
    return PRIMITIVES[kind] if kind in PRIMITIVES else COMPLEX[kind](avro_type)  # a time is its number here


def records_of(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({field["name"]: values_of(field["type"]) for field in schema["fields"]})


COMPLEX: Mapping[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "enum": lambda enum: st.sampled_from(enum["symbols"]),
    "map": lambda map_: st.dictionaries(st.text(max_size=5), values_of(map_["values"]), max_size=3),
    "array": lambda array: st.lists(values_of(array["items"]), max_size=3),
    "record": records_of,
}


def read_back(fields: Any, writer: Any, reader: Any) -> Any:
    target = BytesIO()
    schemaless_writer(target, parse([writer]), fields)
    return schemaless_reader(BytesIO(target.getvalue()), parse([writer]), parse([reader]))


def assert_carried_over(fields: Mapping[str, Any], writer: Schema, reader: Schema) -> None:
    defaults = {field["name"]: field.get("default") for field in reader["fields"]}
    expected = {name: fields.get(name, default) for name, default in defaults.items()}
    assert read_back(fields, writer, reader) == expected


def test_every_current_record_has_a_released_version() -> None:
    released = {f"{schema['namespace']}.{schema['name']}" for _, schema in PAIRS}
    assert released == set(CURRENT)


@pytest.mark.parametrize(("file", "released"), PAIRS, ids=lambda value: getattr(value, "stem", ""))
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_either_version_reads_the_other_and_no_field_is_lost(
    file: Path, released: dict[str, Any], data: st.DataObject
) -> None:
    current = CURRENT[f"{released['namespace']}.{released['name']}"]
    assert file.stem.startswith(released["name"])
    assert_carried_over(data.draw(records_of(released)), released, current)
    assert_carried_over(data.draw(records_of(current)), current, released)
