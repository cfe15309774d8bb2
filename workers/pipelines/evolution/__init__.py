"""The evolution worker: a schema is migrated to its versions step by step, by a log of decisions.

``read`` makes an event of a decoded record → ``fold`` folds it into the migrations of its schema → ``write`` turns a
batch's changes into Cypher statements, which also execute the migration. ``jobs`` find what comes next in the graph,
and write it to the log as records (``records``), where it is folded like any other event. ``worker`` joins them.
"""
