"""Python's garbage collector, in a process that handles many records."""

import gc

GC_THRESHOLD = 100_000
"""Live objects before the collector runs: those of several batches, where Python's default is 700."""


def configure_garbage_collector() -> None:
    """Run the collector seldom, and only over new objects: events have no reference cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
