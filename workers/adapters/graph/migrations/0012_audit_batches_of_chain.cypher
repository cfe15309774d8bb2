// A composite index is used only where a query has a condition on each of its properties: of a chain's objects that is
// seldom so. By topic and time nobody asks.
CREATE INDEX audit_batch_of_chain IF NOT EXISTS FOR (n:AuditBatch) ON (n.chain);
DROP INDEX audit_batch_chain IF EXISTS;
DROP INDEX audit_batch_to IF EXISTS;
