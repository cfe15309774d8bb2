// One uniqueness constraint for each natural key. MERGE is only safe beside other writers, and only fast,
// where such a constraint stands behind it. The first two guard this program's own bookkeeping.
CREATE CONSTRAINT migration_version IF NOT EXISTS FOR (n:Migration) REQUIRE n.version IS UNIQUE;
CREATE CONSTRAINT watermark_id IF NOT EXISTS FOR (n:Watermark) REQUIRE n.id IS UNIQUE;

CREATE CONSTRAINT invocation_key IF NOT EXISTS FOR (n:Invocation) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT performance_metric_id IF NOT EXISTS FOR (n:PerformanceMetric) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT error_id IF NOT EXISTS FOR (n:Error) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT prompt_id IF NOT EXISTS FOR (n:Prompt) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT completion_id IF NOT EXISTS FOR (n:Completion) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT model_id IF NOT EXISTS FOR (n:Model) REQUIRE n.model_id IS UNIQUE;
CREATE CONSTRAINT model_version_id IF NOT EXISTS FOR (n:ModelVersion) REQUIRE n.version_id IS UNIQUE;
CREATE CONSTRAINT schema_id IF NOT EXISTS FOR (n:Schema) REQUIRE n.schema_id IS UNIQUE;
CREATE CONSTRAINT schema_version_id IF NOT EXISTS FOR (n:SchemaVersion) REQUIRE n.version_id IS UNIQUE;
CREATE CONSTRAINT capability_name IF NOT EXISTS FOR (n:Capability) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT audit_event_id IF NOT EXISTS FOR (n:AuditEvent) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT user_id IF NOT EXISTS FOR (n:User) REQUIRE n.user_id IS UNIQUE;
