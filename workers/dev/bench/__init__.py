"""``memory-graph bench``: measured, not believed. What the telemetry worker does, beside what else one could run.

``records`` → ``field`` (topic, checkpoints, prepared rows) → ``contestants`` (each a process of its own, as an
outsider would start it) → ``watch`` asks the graph how far it is → ``round`` makes figures of it → ``comparison``
interleaves rounds → ``screen`` shows them. ``latency``, ``endurance`` and ``profile`` look at our worker alone.
``peers`` holds programs that import nothing of ours: what an engineer would write instead.
"""
