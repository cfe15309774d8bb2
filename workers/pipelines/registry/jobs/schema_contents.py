"""The job that asks the registry's API for the contents of schema versions that were published twice."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from workers.core.errors import Rejected, RequestRejected
from workers.core.job import FetchStep
from workers.core.reference import Query
from workers.pipelines.registry.read.columns import json_schema

# There are few versions, so this reads all of them. The latest entry of the history is the mismatch to compare.
MISMATCHES = """
MATCH (v:SchemaVersion)
WHERE v.deleted_at IS NULL AND size(v.history) > 0 AND coalesce(v.compared_for, '') <> v.history[-1]
RETURN v.version_id AS version_id, v.schema_id AS schema_id, v.version AS version, v.history[-1] AS mismatch
ORDER BY version_id LIMIT $page
"""

# Locked before it is compared: a later change of the change stream is a mismatch of its own.
COMPARED = """
MATCH (v:SchemaVersion {version_id: $version_id})
SET v.version_id = $version_id
WITH v WHERE v.history[-1] = $mismatch
SET v.compared_for = $mismatch
WITH v WHERE coalesce(v.hash, '') <> $hash
SET v.hash = $hash, v.json_schema = $json_schema, v.contents_from = 'registry-api', v.sync_timestamp = datetime()
"""
PAGE = 100


class SchemaContents:
    """Fetches each mismatched version once; its contents count if their hash differs from the graph."""

    name = "schema_mismatches"
    every_seconds = 60.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - a mismatch is due at any time
        return Query(MISMATCHES, {"page": PAGE})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[FetchStep]:  # noqa: ARG002 - same
        for row in rows:
            schema_id, version = quote(row["schema_id"], safe=""), quote(row["version"], safe="")
            yield FetchStep(f"/api/v1/registry/schemas/{schema_id}/versions/{version}", partial(compared, row))


def compared(mismatch: Mapping[str, Any], found: Mapping[str, Any]) -> Query:
    """Return the Cypher that stores the API's contents. Raises ``RequestRejected`` where they are no JSON Schema."""
    version_id, contents = mismatch["version_id"], found.get("json_schema")
    if not isinstance(contents, dict):
        raise RequestRejected(f"the registry's API has {version_id} without json_schema: correct its answer")
    try:
        schema = json_schema(orjson.dumps(contents).decode())
    except Rejected as error:
        raise RequestRejected(f"the registry's API has {version_id} with invalid contents: {error.message}") from error
    about = {"version_id": version_id, "mismatch": mismatch["mismatch"]}
    return Query(COMPARED, {**about, "hash": schema.digest, "json_schema": schema.text})
