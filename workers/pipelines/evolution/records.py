"""Topics, and the names of the records in them; the worker's own topic is what ``topology.yaml`` says."""

NAMESPACE = "com.llm.memorygraph.evolution"

NOTIFICATIONS = "schema-notifications"
"""Tells whom it concerns that a breaking change waits."""

CONFIRMATIONS = "registry-confirmations"
"""Tells the registry of migrations, where its API is not configured."""
