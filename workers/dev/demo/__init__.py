"""``memory-graph demo``: from nothing to a live graph, checked and shown.

``steps`` do the work in the order of ``run``; ``questions`` are asked of the graph; ``screen`` shows the ``report``.
"""
