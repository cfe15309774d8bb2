"""Verification and search of what is archived."""
