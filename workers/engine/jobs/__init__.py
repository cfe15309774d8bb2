"""Periodic work that no record triggers, beside the partitions."""
