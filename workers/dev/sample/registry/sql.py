"""SQL for each kind of change. It can be run again: rows that already have the values are not updated."""

from collections.abc import Mapping
from types import MappingProxyType

from workers.dev.sample.registry.change import Kind

MODEL = """
INSERT INTO models AS known (
    model_id, version, provider, context_window, training_cutoff, cost_per_1k_tokens,
    effective_from, deprecated, metadata
) VALUES (
    %(model_id)s, %(version)s, %(provider)s, %(context_window)s, %(training_cutoff)s, %(cost_per_1k_tokens)s,
    %(effective_from)s, %(deprecated)s, %(metadata)s
) ON CONFLICT (model_id) DO UPDATE SET
    version = excluded.version, provider = excluded.provider, context_window = excluded.context_window,
    training_cutoff = excluded.training_cutoff, cost_per_1k_tokens = excluded.cost_per_1k_tokens,
    effective_from = excluded.effective_from, deprecated = excluded.deprecated, metadata = excluded.metadata,
    updated_at = now()
WHERE known.effective_from < excluded.effective_from OR known.effective_from = excluded.effective_from AND (
    known.version, known.provider, known.context_window, known.training_cutoff, known.cost_per_1k_tokens,
    known.deprecated, known.metadata
) IS DISTINCT FROM (
    excluded.version, excluded.provider, excluded.context_window, excluded.training_cutoff,
    excluded.cost_per_1k_tokens, excluded.deprecated, excluded.metadata
)
"""
"""A change that starts before the row's start is history, and changes nothing."""

PRICE = """
UPDATE models SET
    version = %(version)s, cost_per_1k_tokens = %(cost_per_1k_tokens)s, effective_from = %(effective_from)s,
    updated_at = now()
WHERE model_id = %(model_id)s AND effective_from < %(effective_from)s
"""

DEPRECATE = """
UPDATE models SET deprecated = %(deprecated)s, updated_at = now()
WHERE model_id = %(model_id)s AND deprecated IS DISTINCT FROM %(deprecated)s
"""

DELETE = "DELETE FROM models WHERE model_id = %(model_id)s"

VERSION = """
INSERT INTO model_versions (model_id, version, released_at, changelog)
VALUES (%(model_id)s, %(version)s, %(released_at)s, %(changelog)s)
ON CONFLICT DO NOTHING
"""

CAPABILITY = """
INSERT INTO capabilities (model_id, capability) VALUES (%(model_id)s, %(capability)s) ON CONFLICT DO NOTHING
"""

NO_CAPABILITY = "DELETE FROM capabilities WHERE model_id = %(model_id)s AND capability = %(capability)s"

SCHEMA = """
INSERT INTO schemas AS known (schema_id, version, json_schema, compatible_models)
VALUES (%(schema_id)s, %(version)s, %(json_schema)s, %(compatible_models)s)
ON CONFLICT (schema_id, version) DO UPDATE SET
    json_schema = excluded.json_schema, compatible_models = excluded.compatible_models
WHERE (known.json_schema, known.compatible_models)
    IS DISTINCT FROM (excluded.json_schema, excluded.compatible_models)
"""

STATEMENTS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.MODEL: MODEL,
        Kind.PRICE: PRICE,
        Kind.DEPRECATE: DEPRECATE,
        Kind.DELETE: DELETE,
        Kind.VERSION: VERSION,
        Kind.CAPABILITY: CAPABILITY,
        Kind.NO_CAPABILITY: NO_CAPABILITY,
        Kind.SCHEMA: SCHEMA,
    }
)
