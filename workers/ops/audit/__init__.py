"""``memory-graph audit``: prove that the audit chain is whole, search it, and show one record with its proof.

``chain_walk`` follows one chain and stops at the first record that does not fit; ``broken_chain`` says what was done to
it. ``graph_source``, ``topic_source`` and ``archive_source`` bring the records, ``checkpoints`` the signed heads, and
``verify`` joins them. All of it only reads.
"""
