"""From changed state to Cypher statements."""
