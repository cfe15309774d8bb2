"""The evolution worker: versions of schemas are migrated to, step by step, by a log of decisions. Pure, no I/O.

``parse`` makes an ``Event`` of ``model`` → ``fold`` lays it over what is ``evolving`` of one schema, each ``migration``
making its ``moves`` between ``states`` → ``plan`` turns what changed into ``rows`` for ``statements``, the migration
itself included.

Nobody else decides what comes next: ``publishing`` finds versions without a migration and has them ``classified``,
``migrating`` finds the next step of each migration (``verification`` among them), ``awaiting`` counts what waits for
approval. They ask the graph (``questions``), and put what they decide into the log (``announcement``), where it is
folded like any other event: whatever is told twice, or too late, changes nothing. ``worker`` is the spec.
"""
