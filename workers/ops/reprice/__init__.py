"""``memory-graph graph reprice``: older invocations priced and versioned as the registry knows their time by now.

A registry that was late, or corrected, leaves Invocations with the terms that were known when they were folded.
``pages`` reads them by time → ``revision`` computes each again with telemetry's own functions → ``difference`` sums up
what that changes → ``run`` shows it, or writes it by ``statements``, which never overwrite what has changed meanwhile.
"""
