"""What the registry writes to the graph: one Cypher statement for each label and relationship type, with its rows.

``sync_timestamp`` is the one property that shows the wall clock: the server's, when the node was last written. It is
no part of what two graphs of one log have in common.
"""

from workers.core.template import template
from workers.pipelines.registry import rows


def at(column: str) -> str:
    """Write the point in time that a column has, or null: ``datetime`` refuses nulls."""
    return f"CASE WHEN row.{column} IS NOT NULL THEN datetime({{epochMillis: row.{column}}}) END"


SYNCED = "{node}.source_system = 'llm-registry', {node}.sync_timestamp = datetime()"

# Telemetry may have made it before: whoever comes first, the registry's own row then says all that it knows.
MODELS_NAMED = template(
    "Model named",
    rows.ModelNamedRow,
    """
MERGE (m:Model {model_id: row.model_id})
  ON CREATE SET m.stub = true
""",
    shared=True,
)

MODELS = template(
    "Model of the registry",
    rows.ModelRow,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
SET m.stub = false, m.name = row.name, m.provider = row.provider, m.version = row.version,
    m.context_window = row.context_window, m.training_cutoff = date(row.training_cutoff),
    m.deprecated = row.deprecated, m.aliases = row.aliases,
    m.effective_from = datetime({{epochMillis: row.effective_from}}),
    m.input_per_1k = row.input, m.output_per_1k = row.output,
    m.cached_input_per_1k = row.cached_input, m.reasoning_per_1k = row.reasoning,
    m.updated_at = {at("updated_at")},
    m.deleted_at = {at("deleted_at")},
    m.purge_after = {at("purge_after")}, m.history = row.history,
    m.metadata = CASE WHEN row.metadata_told THEN row.metadata ELSE m.metadata END,
    {SYNCED.format(node="m")}
""",
    shared=True,
)

# Who polls Models by the time of their last change must find those whose prices or versions have changed, too.
TOUCHED = template(
    "Model touched",
    rows.TouchedRow,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
SET {SYNCED.format(node="m")}
""",
    shared=True,
)

CAPABILITIES_NAMED = template(
    "Capability",
    rows.CapabilityNamedRow,
    """
MERGE (:Capability {name: row.name})
""",
    shared=True,
)

CAPABILITIES_KEPT = template(
    "HAS_CAPABILITY lost",
    rows.CapabilitiesKeptRow,
    """
MATCH (:Model {model_id: row.model_id})-[r:HAS_CAPABILITY]->(c:Capability) WHERE NOT c.name IN row.names
DELETE r
""",
    shared=True,
)

CAPABILITIES = template(
    "HAS_CAPABILITY",
    rows.CapabilityRow,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MATCH (c:Capability {{name: row.name}})
MERGE (m)-[r:HAS_CAPABILITY]->(c)
SET r.added_at = {at("added_at")}
""",
    shared=True,
)

# Also a version without a row of its own: Invocations of its time refer to it.
VERSIONS_NAMED = template(
    "ModelVersion named",
    rows.VersionNamedRow,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MERGE (v:ModelVersion {{version_id: row.version_id}})
  ON CREATE SET v.model_id = row.model_id, v.version = row.version, {SYNCED.format(node="v")}
MERGE (m)-[:HAS_VERSION]->(v)
""",
)

VERSIONS = template(
    "ModelVersion",
    rows.VersionRow,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MERGE (v:ModelVersion {{version_id: row.version_id}})
SET v.model_id = row.model_id, v.version = row.version,
    v.released_at = {at("released_at")},
    v.deprecated_at = {at("deprecated_at")},
    v.deleted_at = {at("deleted_at")},
    v.changelog = CASE WHEN row.changelog_told THEN row.changelog ELSE v.changelog END,
    {SYNCED.format(node="v")}
MERGE (m)-[:HAS_VERSION]->(v)
""",
)

VERSIONS_LOST = template(
    "HAS_VERSION lost",
    rows.VersionLostRow,
    """
MATCH (:Model)-[r:HAS_VERSION]->(:ModelVersion {version_id: row.version_id})
DELETE r
""",
)

PRICES = template(
    "Price",
    rows.PriceRow,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MERGE (p:Price {{price_id: row.price_id}})
SET p.model_id = row.model_id, p.version = row.version, p.context_window = row.context_window,
    p.effective_from = datetime({{epochMillis: row.effective_from}}),
    p.effective_to = {at("effective_to")},
    p.input = row.input, p.output = row.output, p.cached_input = row.cached_input, p.reasoning = row.reasoning
MERGE (m)-[:HAS_PRICE]->(p)
""",
)

SCHEMAS = template(
    "Schema",
    rows.SchemaRow,
    f"""
MERGE (s:Schema {{schema_id: row.schema_id}})
SET {SYNCED.format(node="s")}
""",
)

# Contents that the registry's API has told count until the change stream tells of others.
SCHEMA_VERSIONS = template(
    "SchemaVersion",
    rows.SchemaVersionRow,
    f"""
MATCH (s:Schema {{schema_id: row.schema_id}})
MERGE (v:SchemaVersion {{version_id: row.version_id}})
SET v.schema_id = row.schema_id, v.version = row.version, v.history = row.history,
    v.published_at = {at("published_at")},
    v.deleted_at = {at("deleted_at")},
    v.hash = CASE WHEN row.json_schema_told OR v.contents_from IS NULL THEN row.hash ELSE v.hash END,
    v.json_schema = CASE WHEN row.json_schema_told THEN row.json_schema ELSE v.json_schema END,
    v.contents_from = CASE WHEN NOT row.json_schema_told THEN v.contents_from END,
    {SYNCED.format(node="v")}
MERGE (s)-[:HAS_VERSION]->(v)
""",
)

COMPATIBLE_KEPT = template(
    "COMPATIBLE_WITH lost",
    rows.CompatibleKeptRow,
    """
MATCH (:SchemaVersion {version_id: row.version_id})-[r:COMPATIBLE_WITH]->(m:Model)
WHERE NOT m.model_id IN row.model_ids
DELETE r
""",
    shared=True,
)

COMPATIBLE = template(
    "COMPATIBLE_WITH",
    rows.CompatibleRow,
    """
MATCH (v:SchemaVersion {version_id: row.version_id})
MATCH (m:Model {model_id: row.model_id})
MERGE (v)-[:COMPATIBLE_WITH]->(m)
""",
    shared=True,
)
