"""Constraints and indexes as numbered Cypher files; ``migrate.py`` applies each once. Never edit one: add the next."""
