"""From changed migrations to Cypher statements."""
