"""The procedure for versions of schemas that came with other contents: the registry's API says what they have now."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from workers.core.errors import Rejected, RequestRejected
from workers.core.job import FetchSchema
from workers.core.reference import Query
from workers.pipelines.registry.json_schema import json_schema

# Of all versions there are few: this looks at each. The latest entry of the history is the mismatch to be compared.
MISMATCHES = """
MATCH (v:SchemaVersion)
WHERE v.deleted_at IS NULL AND size(v.history) > 0 AND coalesce(v.compared_for, '') <> v.history[-1]
RETURN v.version_id AS version_id, v.schema_id AS schema_id, v.version AS version, v.history[-1] AS mismatch
ORDER BY version_id LIMIT $page
"""

# Locked before it is compared: what the change stream has told meanwhile is a mismatch of its own.
COMPARED = """
MATCH (v:SchemaVersion {version_id: $version_id})
SET v.version_id = $version_id
WITH v WHERE v.history[-1] = $mismatch
SET v.compared_for = $mismatch
WITH v WHERE coalesce(v.hash, '') <> $hash
SET v.hash = $hash, v.json_schema = $json_schema, v.contents_from = 'registry-api', v.sync_timestamp = datetime()
"""
PAGE = 100


class Mismatches:
    """Fetches each mismatched version once; its contents count if their hash is another than the graph's."""

    name = "schema_mismatches"
    every_seconds = 60.0

    def question(self, now_ms: int) -> Query:  # noqa: ARG002 - the protocol's; a mismatch is due at any time
        return Query(MISMATCHES, {"page": PAGE})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[FetchSchema]:  # noqa: ARG002 - likewise
        for row in rows:
            yield FetchSchema(row["schema_id"], row["version"], partial(compared, row))


def compared(mismatch: Mapping[str, Any], found: Mapping[str, Any]) -> Query:
    """Write down what the API has found. Raises ``RequestRejected`` where that has no JSON Schema."""
    version_id, contents = mismatch["version_id"], found.get("json_schema")
    if not isinstance(contents, dict):
        raise RequestRejected(f"the registry's API has {version_id} without json_schema: mend its answer")
    try:
        schema = json_schema(orjson.dumps(contents).decode())
    except Rejected as error:
        raise RequestRejected(
            f"the registry's API has {version_id} with contents that cannot be: {error.message}"
        ) from error
    about = {"version_id": version_id, "mismatch": mismatch["mismatch"]}
    return Query(COMPARED, {**about, "hash": schema.digest, "json_schema": schema.text})
