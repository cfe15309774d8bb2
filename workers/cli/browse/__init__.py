"""``memory-graph dlq browse``: the dead letters on a terminal, one screen a file.

``backend`` is all that the screens know of Kafka. The way of an operator: ``groups``, ``letters``, ``letter``,
``fixes``, ``plan``, ``sending``.
"""
