"""Verification of the chains by the topic that they came from."""
