"""The audit worker: who touched what, in a chain of hashes that an edit breaks.

``chain`` says what is hashed and how one event is linked to the one before it.
"""
