-- The model registry's database, the source of the change events. Full row images (REPLICA IDENTITY FULL) let
-- readers see the row before an update or delete, whichever columns it changed.
CREATE TABLE models (
    model_id text PRIMARY KEY,
    version text,
    provider text,
    context_window int,
    training_cutoff date,
    cost_per_1k_tokens jsonb,
    effective_from timestamptz DEFAULT now(),
    deprecated boolean DEFAULT false,
    metadata jsonb DEFAULT '{}',
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE model_versions (
    model_id text,
    version text,
    released_at timestamptz,
    deprecated_at timestamptz,
    changelog text,
    PRIMARY KEY (model_id, version)
);
CREATE TABLE schemas (
    schema_id text,
    version text,
    json_schema jsonb,
    compatible_models text[],
    published_at timestamptz DEFAULT now(),
    PRIMARY KEY (schema_id, version)
);
CREATE TABLE capabilities (
    model_id text,
    capability text,
    added_at timestamptz DEFAULT now(),
    PRIMARY KEY (model_id, capability)
);
ALTER TABLE models REPLICA IDENTITY FULL;
ALTER TABLE model_versions REPLICA IDENTITY FULL;
ALTER TABLE schemas REPLICA IDENTITY FULL;
ALTER TABLE capabilities REPLICA IDENTITY FULL;
