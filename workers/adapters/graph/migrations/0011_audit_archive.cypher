// What the archive has: one node for each object. Checkpoints wait here until they are in it.
CREATE CONSTRAINT audit_batch_id IF NOT EXISTS FOR (n:AuditBatch) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT audit_checkpoint_id IF NOT EXISTS FOR (n:AuditCheckpoint) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT vault_key_id IF NOT EXISTS FOR (n:VaultKey) REQUIRE n.key_id IS UNIQUE;
CREATE INDEX audit_batch_chain IF NOT EXISTS FOR (n:AuditBatch) ON (n.chain, n.first);
CREATE INDEX audit_batch_to IF NOT EXISTS FOR (n:AuditBatch) ON (n.topic, n.to);
CREATE INDEX audit_checkpoint_chain IF NOT EXISTS FOR (n:AuditCheckpoint) ON (n.chain);
