// What has changed lately: the evolution worker asks for it each second.
CREATE INDEX schema_version_sync IF NOT EXISTS FOR (n:SchemaVersion) ON (n.sync_timestamp);
CREATE INDEX schema_migration_sync IF NOT EXISTS FOR (n:SchemaMigration) ON (n.sync_timestamp);
