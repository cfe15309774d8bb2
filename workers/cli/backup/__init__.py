"""``memory-graph graph backup`` and ``graph restore``."""
