"""From linked events to Cypher statements."""
