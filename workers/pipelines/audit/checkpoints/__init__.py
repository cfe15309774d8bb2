"""Checkpoints: the head of each chain, written down outside of the graph, each with the digest of the one before."""
