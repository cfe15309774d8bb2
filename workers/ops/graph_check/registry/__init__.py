"""The models and schemas of the registry: those of its topic, folded again, beside those of the graph."""
