"""The Cypher of the registry worker: one statement for each label and relationship type.

``sync_timestamp`` is the only property from the wall clock: when Neo4j last wrote the node. Two graphs of the same
records differ only in it.
"""

from workers.core.statement import template
from workers.pipelines.registry.write import rows


def at(column: str) -> str:
    """Return Cypher for the point in time of a column, or null: ``datetime`` does not accept null."""
    return f"CASE WHEN row.{column} IS NOT NULL THEN datetime({{epochMillis: row.{column}}}) END"


SYNCED = "{node}.source_system = 'llm-registry', {node}.sync_timestamp = datetime()"

# Telemetry may have created it before. The registry's own row then sets all its properties.
MODEL_STUBS = template(
    "Model named",
    rows.ModelStubWrite,
    """
MERGE (m:Model {model_id: row.model_id})
  ON CREATE SET m.stub = true
""",
    shared=True,
)

MODELS = template(
    "Model of the registry",
    rows.ModelWrite,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
SET m.stub = false, m.name = row.name, m.provider = row.provider, m.version = row.version,
    m.context_window = row.context_window, m.training_cutoff = date(row.training_cutoff),
    m.deprecated = row.deprecated, m.aliases = row.aliases, m.alias_history = row.alias_history,
    m.effective_from = datetime({{epochMillis: row.effective_from}}),
    m.input_per_1k = row.input, m.output_per_1k = row.output,
    m.cached_input_per_1k = row.cached_input, m.reasoning_per_1k = row.reasoning,
    m.updated_at = {at("updated_at")},
    m.deleted_at = {at("deleted_at")},
    m.purge_after = {at("purge_after")}, m.deletions = row.deletions,
    m.history = row.history + coalesce(m.deletions_in_use, []),
    m.metadata = CASE WHEN row.metadata_sent THEN row.metadata ELSE m.metadata END,
    {SYNCED.format(node="m")}
""",
    shared=True,
)

# Programs that poll Models by ``sync_timestamp`` must also find those with changed prices or versions.
SYNC_TIMESTAMPS = template(
    "Model touched",
    rows.SyncTimestampWrite,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
SET {SYNCED.format(node="m")}
""",
    shared=True,
)

CAPABILITY_NODES = template(
    "Capability",
    rows.CapabilityNodeWrite,
    """
MERGE (:Capability {name: row.name})
""",
    shared=True,
)

CAPABILITIES_KEPT = template(
    "HAS_CAPABILITY lost",
    rows.CapabilitiesKeptWrite,
    """
MATCH (:Model {model_id: row.model_id})-[r:HAS_CAPABILITY]->(c:Capability) WHERE NOT c.name IN row.names
DELETE r
""",
    shared=True,
)

CAPABILITIES = template(
    "HAS_CAPABILITY",
    rows.CapabilityWrite,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MATCH (c:Capability {{name: row.name}})
MERGE (m)-[r:HAS_CAPABILITY]->(c)
SET r.added_at = {at("added_at")}
""",
    shared=True,
)

# Also a version without a row of its own, because Invocations of its time refer to it.
VERSION_NODES = template(
    "ModelVersion named",
    rows.VersionNodeWrite,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MERGE (v:ModelVersion {{version_id: row.version_id}})
  ON CREATE SET v.model_id = row.model_id, v.version = row.version, {SYNCED.format(node="v")}
MERGE (m)-[:HAS_VERSION]->(v)
""",
)

VERSIONS = template(
    "ModelVersion",
    rows.VersionWrite,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MERGE (v:ModelVersion {{version_id: row.version_id}})
SET v.model_id = row.model_id, v.version = row.version,
    v.released_at = {at("released_at")},
    v.deprecated_at = {at("deprecated_at")},
    v.deleted_at = {at("deleted_at")},
    v.changelog = CASE WHEN row.changelog_sent THEN row.changelog ELSE v.changelog END,
    {SYNCED.format(node="v")}
MERGE (m)-[:HAS_VERSION]->(v)
""",
)

VERSIONS_DETACHED = template(
    "HAS_VERSION lost",
    rows.VersionDetachedWrite,
    """
MATCH (:Model)-[r:HAS_VERSION]->(:ModelVersion {version_id: row.version_id})
DELETE r
""",
)

PRICES = template(
    "Price",
    rows.PriceWrite,
    f"""
MATCH (m:Model {{model_id: row.model_id}})
MERGE (p:Price {{price_id: row.price_id}})
SET p.model_id = row.model_id, p.version = row.version, p.context_window = row.context_window,
    p.effective_from = datetime({{epochMillis: row.effective_from}}),
    p.effective_to = {at("effective_to")},
    p.input = row.input, p.output = row.output, p.cached_input = row.cached_input, p.reasoning = row.reasoning,
    p.cache_write = row.cache_write, p.cache_write_1h = row.cache_write_1h,
    p.input_audio = row.input_audio, p.output_audio = row.output_audio, p.cached_audio = row.cached_audio,
    p.input_image = row.input_image, p.output_image = row.output_image, p.cached_image = row.cached_image,
    p.per_request = row.per_request, p.currency = row.currency,
    p.price_tiers = row.price_tiers, p.price_variants = row.price_variants
MERGE (m)-[:HAS_PRICE]->(p)
""",
)

SCHEMAS = template(
    "Schema",
    rows.SchemaWrite,
    f"""
MERGE (s:Schema {{schema_id: row.schema_id}})
SET {SYNCED.format(node="s")}
""",
)

# Contents from the registry's API count until the change stream sends others.
SCHEMA_VERSIONS = template(
    "SchemaVersion",
    rows.SchemaVersionWrite,
    f"""
MATCH (s:Schema {{schema_id: row.schema_id}})
MERGE (v:SchemaVersion {{version_id: row.version_id}})
SET v.schema_id = row.schema_id, v.version = row.version, v.history = row.history,
    v.published_at = {at("published_at")},
    v.deleted_at = {at("deleted_at")}, v.compatible_models = row.compatible_models,
    v.hash = CASE WHEN row.json_schema_sent OR v.contents_from IS NULL THEN row.hash ELSE v.hash END,
    v.json_schema = CASE WHEN row.json_schema_sent THEN row.json_schema ELSE v.json_schema END,
    v.contents_from = CASE WHEN NOT row.json_schema_sent THEN v.contents_from END,
    {SYNCED.format(node="v")}
MERGE (s)-[:HAS_VERSION]->(v)
""",
)

COMPATIBLE_KEPT = template(
    "COMPATIBLE_WITH lost",
    rows.CompatibleKeptWrite,
    """
MATCH (:SchemaVersion {version_id: row.version_id})-[r:COMPATIBLE_WITH]->(m:Model)
WHERE NOT m.model_id IN row.model_ids
DELETE r
""",
    shared=True,
)

COMPATIBLE = template(
    "COMPATIBLE_WITH",
    rows.CompatibleWrite,
    """
MATCH (v:SchemaVersion {version_id: row.version_id})
MATCH (m:Model {model_id: row.model_id})
MERGE (v)-[:COMPATIBLE_WITH]->(m)
""",
    shared=True,
)
