"""From changed traces to Cypher statements."""
