"""``memory-graph bench --growth``: whether any work grows with what is there already.

``filled`` (a graph of each size) → ``probes`` (rows for every statement) → ``profiled`` (what the server touches for
them) → ``statements``; ``traces`` and ``registry`` do the same for long traces and for a large registry. ``growing``
compares the sizes.
"""
