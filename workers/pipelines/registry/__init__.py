"""The registry worker: Debezium changes of the model registry's tables become a history of models and schemas.

``read`` makes an event of a change event → ``fold`` folds it into the state of one model or schema → ``write`` turns a
batch's changes into Cypher statements. ``jobs`` send usage statistics back to the registry. ``worker`` joins them.
"""
