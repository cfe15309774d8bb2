"""The types that every other package shares: records, errors, statements, the worker spec and the ports.

It imports only the standard library, so that pipelines stay pure.
"""
