"""The Cypher of the audit worker, with its typed rows. Points in time are epoch milliseconds, hashes hex."""

from typing import NamedTuple

from workers.core.statement import template


class ChainRow(NamedTuple):
    """Where a chain stands."""

    id: str
    topic: str
    partition: int
    chain_id: str
    genesis: str
    length: int
    head: str


class NewChainRow(NamedTuple):
    """A chain that begins."""

    id: str
    topic: str
    partition: int


class UserRow(NamedTuple):
    """A User that an event names."""

    user_id: str


class ContentRow(NamedTuple):
    """A content that an event names; ``guessed`` is true where no event says whether it is a prompt, otherwise null."""

    content_id: str
    classification: str | None
    guessed: bool | None


class EventColumns(NamedTuple):
    """The fields of an event, in the order of the record; ``details`` is its canonical JSON."""

    audit_id: str
    event_type: str
    timestamp: int
    actor_id: str | None
    user_id: str | None
    content_id: str | None
    classification: str | None
    source_ip: str | None
    user_agent: str | None
    access_granted: bool | None
    reason: str | None
    attempted_action: str | None
    role: str | None
    key_id: str | None
    size_bytes: int | None
    retention_met: bool | None
    details: str


class LinkColumns(NamedTuple):
    """The place of an event in its chain."""

    topic: str
    chain_id: str
    partition: int
    sequence: int
    prev_hash: str
    hash: str


class UserEventRow(NamedTuple):
    """A User and an event."""

    user_id: str
    audit_id: str


class ContentEventRow(NamedTuple):
    """A content and an event."""

    content_id: str
    audit_id: str


# The plan begins a chain only where the graph has none. Another chain of the partition came before it.
CHAINS = template(
    "AuditChain",
    ChainRow,
    """
MERGE (c:AuditChain {id: row.id})
  ON CREATE SET c.topic = row.topic, c.partition = row.partition, c.chain_id = row.chain_id,
    c.genesis = row.genesis, c.began_at = datetime()
SET c.length = row.length, c.head = row.head
""",
)

CONTINUED = template(
    "CONTINUES",
    NewChainRow,
    """
MATCH (c:AuditChain {id: row.id})
CALL (row, c) {
  MATCH (o:AuditChain {topic: row.topic, partition: row.partition}) WHERE o <> c
  RETURN o ORDER BY o.began_at DESC LIMIT 1
}
MERGE (c)-[:CONTINUES]->(o)
""",
)

USERS = template(
    "User",
    UserRow,
    """
MERGE (u:User {user_id: row.user_id})
  ON CREATE SET u.stub = true
""",
    shared=True,
)

KIND_LEARNED = template(
    "Prompt stub became Completion",
    ContentRow,
    """
MATCH (p:Prompt {id: row.content_id})
WHERE p.stub AND p.kind_guessed AND NOT EXISTS { (:Completion {id: row.content_id}) }
SET p:Completion, p.kind_guessed = null
REMOVE p:Prompt
""",
    shared=True,
)

PROMPTS = template(
    "Prompt stub",
    ContentRow,
    """
WITH row WHERE NOT EXISTS { (:Completion {id: row.content_id}) }
MERGE (p:Prompt {id: row.content_id})
  ON CREATE SET p.stub = true, p.kind_guessed = row.guessed, p.classification = row.classification
""",
    shared=True,
)

COMPLETIONS = template(
    "Completion stub",
    ContentRow,
    """
WITH row WHERE NOT EXISTS { (:Prompt {id: row.content_id}) }
MERGE (c:Completion {id: row.content_id})
  ON CREATE SET c.stub = true, c.classification = row.classification
""",
    shared=True,
)

# CREATE, not MERGE: what another partition has written meanwhile must be refused, because this chain has it, too.
EVENTS = template(
    "AuditEvent",
    (EventColumns, LinkColumns),
    """
CREATE (e:AuditEvent {id: row.audit_id, event_type: row.event_type,
  timestamp: datetime({epochMillis: row.timestamp}), actor_id: row.actor_id, user_id: row.user_id,
  content_id: row.content_id, classification: row.classification, source_ip: row.source_ip,
  user_agent: row.user_agent, access_granted: row.access_granted, reason: row.reason,
  attempted_action: row.attempted_action, role: row.role, key_id: row.key_id, size_bytes: row.size_bytes,
  retention_met: row.retention_met, details: row.details,
  topic: row.topic, chain_id: row.chain_id, partition: row.partition, sequence: row.sequence,
  prev_hash: row.prev_hash, hash: row.hash})
""",
)

PERFORMED = template(
    "PERFORMED",
    UserEventRow,
    """
MATCH (u:User {user_id: row.user_id})
MATCH (e:AuditEvent {id: row.audit_id})
CREATE (u)-[:PERFORMED]->(e)
""",
    shared=True,
)

CONCERNS_USER = template(
    "CONCERNS User",
    UserEventRow,
    """
MATCH (u:User {user_id: row.user_id})
MATCH (e:AuditEvent {id: row.audit_id})
CREATE (e)-[:CONCERNS]->(u)
""",
    shared=True,
)

CONCERNS_CONTENT = template(
    "CONCERNS Prompt or Completion",
    ContentEventRow,
    """
MATCH (c:Prompt|Completion {id: row.content_id})
MATCH (e:AuditEvent {id: row.audit_id})
CREATE (e)-[:CONCERNS]->(c)
""",
    shared=True,
)

# The parts of ``Chain.restore``. A chain that is gone while its events are there has two nulls.
STORED_CHAINS = """
UNWIND $keys AS key
OPTIONAL MATCH (c:AuditChain {id: key})
WITH key, c, split(key, '/') AS names
WHERE c IS NOT NULL OR EXISTS {
  MATCH (e:AuditEvent)
  WHERE e.topic = names[0] AND e.chain_id = names[2] AND e.partition = toInteger(names[1]) AND e.sequence > 0
}
RETURN key, [c.length, c.head] AS parts
"""

SEEN_EVENTS = """
UNWIND $keys AS key
MATCH (e:AuditEvent {id: key})
RETURN key, [e.event_type] AS parts
"""

SEEN_IDS = """
MATCH (e:AuditEvent) USING INDEX e:AuditEvent(id) WHERE e.id > $after
WITH e.id AS key ORDER BY key LIMIT 10000
RETURN collect(key) AS keys
"""
