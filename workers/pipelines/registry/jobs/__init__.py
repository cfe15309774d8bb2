"""Periodic work: usage statistics for the model registry, and contents of mismatched schemas."""
