"""Verification of the chains in the graph."""
