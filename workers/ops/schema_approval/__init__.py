"""``memory-graph registry list``, ``approve`` and ``reject``: migrations of schemas, and what people decide of them.

``listed`` reads them from the graph → ``decision`` picks the one that waits → ``log`` puts who decided what, and why,
into the worker's log of decisions, where it counts unless somebody was quicker.
"""
