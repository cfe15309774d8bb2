"""A dump of the graph with a manifest beside it, and what the workers read again after it was restored."""
