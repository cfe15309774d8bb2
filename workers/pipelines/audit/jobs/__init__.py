"""Periodic work that no record triggers."""
