"""The telemetry worker: events of LLM calls become one node for each span, chained for each trace.

``read`` makes an event of a decoded record → ``fold`` folds it into the state of its trace → ``write`` turns a batch's
changes into Cypher statements, with prices from ``prices``. ``worker`` joins them.
"""
