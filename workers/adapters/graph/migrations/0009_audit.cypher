// One chain of hashes in each partition, and one event at each place of a chain: no chain can fork.
CREATE CONSTRAINT audit_chain_id IF NOT EXISTS FOR (n:AuditChain) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT audit_event_link IF NOT EXISTS FOR (n:AuditEvent) REQUIRE (n.topic, n.chain_id, n.partition, n.sequence) IS UNIQUE;
CREATE CONSTRAINT security_alert_id IF NOT EXISTS FOR (n:SecurityAlert) REQUIRE n.id IS UNIQUE;
// Checks walk along a partition. Searches ask for a time, a user, an action or a classification.
CREATE INDEX audit_event_sequence IF NOT EXISTS FOR (n:AuditEvent) ON (n.partition, n.sequence);
CREATE INDEX audit_event_timestamp IF NOT EXISTS FOR (n:AuditEvent) ON (n.timestamp);
CREATE INDEX audit_event_user IF NOT EXISTS FOR (n:AuditEvent) ON (n.user_id, n.timestamp);
CREATE INDEX audit_event_action IF NOT EXISTS FOR (n:AuditEvent) ON (n.event_type, n.timestamp);
CREATE INDEX audit_event_classification IF NOT EXISTS FOR (n:AuditEvent) ON (n.classification, n.timestamp);
// What is still to be healed, and which alerts are recent.
CREATE INDEX prompt_stub IF NOT EXISTS FOR (n:Prompt) ON (n.stub);
CREATE INDEX completion_stub IF NOT EXISTS FOR (n:Completion) ON (n.stub);
CREATE INDEX security_alert_raised_at IF NOT EXISTS FOR (n:SecurityAlert) ON (n.raised_at);
