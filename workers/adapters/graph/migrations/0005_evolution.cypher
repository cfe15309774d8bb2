// A migration is known by its schema, its version and that version's contents.
CREATE CONSTRAINT schema_migration_id IF NOT EXISTS FOR (n:SchemaMigration) REQUIRE n.migration_id IS UNIQUE;
// What is under way is asked for every second, and is few among all that ever were.
CREATE INDEX schema_migration_state IF NOT EXISTS FOR (n:SchemaMigration) ON (n.state);
