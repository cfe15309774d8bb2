from typing import Any

import pytest

from workers.core.errors import RequestRejected
from workers.pipelines.registry.jobs.schema_contents import SchemaContents
from workers.pipelines.registry.read.columns import json_schema

ROW = {"version_id": "tool@1", "schema_id": "tool", "version": "1", "mismatch": '{"at": "now"}'}


def record(found: dict[str, Any]) -> Any:
    (fetch,) = SchemaContents().steps([ROW], 0)
    assert fetch.path == "/api/v1/registry/schemas/tool/versions/1"
    return fetch.record(found).parameters


def test_what_the_api_has_is_written_with_the_hash_that_the_change_stream_would_give_it() -> None:
    written = record({"json_schema": {"type": "object", "maxProperties": 3}, "version": "1"})
    assert written["hash"] == json_schema('{"maxProperties": 3, "type": "object"}').digest
    assert (written["version_id"], written["mismatch"]) == ("tool@1", '{"at": "now"}')


@pytest.mark.parametrize("found", [{}, {"json_schema": None}, {"json_schema": "{}"}, {"json_schema": {"type": 7}}])
def test_what_is_no_schema_is_declined_by_name(found: dict[str, Any]) -> None:
    with pytest.raises(RequestRejected, match="tool@1"):
        record(found)
