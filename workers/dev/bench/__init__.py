"""``memory-graph bench``: the telemetry worker, measured beside its alternatives.

``records`` → ``field`` (topic, checkpoints, prepared rows) → ``contestants`` (each in its own process, started by its
command line) → ``watch`` reads progress from the graph → ``round`` computes the figures → ``comparison``
interleaves rounds → ``screen`` shows them. ``latency``, ``endurance`` and ``profile`` look at our worker alone.
``peers`` holds programs that import no code of ours: the alternatives to our worker.
"""
