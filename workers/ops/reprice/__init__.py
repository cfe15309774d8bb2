"""``memory-graph graph reprice``: reprice older Invocations with the registry's current history.

When the registry is late or corrected, Invocations keep the terms that were known when they were folded.
``pages`` reads them by time → ``revision`` computes each again with telemetry's own functions → ``difference`` sums up
the changes → ``run`` shows them, or writes them with ``statements``, which never overwrite a concurrent change.
"""
