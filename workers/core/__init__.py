"""The words every room shares: records, stages, errors, statements, the worker spec and the ports.

Imports nothing but the standard library, so that a worker folder stays pure.
"""
