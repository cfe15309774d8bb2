-- The model registry's database, the source of the change events. Safe to run again.
--
-- Tables keep PostgreSQL's default replica identity, the primary key, as most databases do. So Debezium's `before` is
-- null for an update and holds only the key for a delete, and a large value that an update does not change arrives as
-- `__debezium_unavailable_value`. Full identity would avoid this, but would write every row twice to the log; readers
-- must work without it anyway, because they do not own the tables.
--
-- That is enough to see a row whose key changes: `before` has its old key then.
--
-- A NULL in a column with a default arrives as that default, a time as 1970-01-01 (Kafka Connect, KIP-581).
CREATE TABLE IF NOT EXISTS models (
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
CREATE TABLE IF NOT EXISTS model_versions (
    model_id text,
    version text,
    released_at timestamptz,
    deprecated_at timestamptz,
    changelog text,
    PRIMARY KEY (model_id, version)
);
CREATE TABLE IF NOT EXISTS schemas (
    schema_id text,
    version text,
    json_schema jsonb,
    compatible_models text[],
    published_at timestamptz DEFAULT now(),
    PRIMARY KEY (schema_id, version)
);
CREATE TABLE IF NOT EXISTS capabilities (
    model_id text,
    capability text,
    added_at timestamptz DEFAULT now(),
    PRIMARY KEY (model_id, capability)
);
-- What the connector is asked to do (`memory-graph registry resnapshot`): its user and the one who asks must be allowed to
-- insert. https://debezium.io/documentation/reference/stable/configuration/signalling.html
CREATE TABLE IF NOT EXISTS debezium_signals (
    id varchar(64) PRIMARY KEY,
    type varchar(32) NOT NULL,
    data varchar(2048)
);
