"""``memory-graph demo``: start everything, fill the graph, check it and show it.

``steps`` do the work in the order of ``run``; ``questions`` query the graph; ``screen`` shows the ``report``.
"""
