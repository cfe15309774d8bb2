"""Runs a worker: from the consumer's fetch to the committed offset. The only package that imports Faust.

``README.md`` in this folder has the path of a record, the order of the writes, and what happens on failures.
"""
