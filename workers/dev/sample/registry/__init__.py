"""A model registry that lives: real models with their price history, random changes, bad rows, written by SQL.

``catalogue`` (what genai-prices knows), ``random_changes`` (made-up models) and ``published`` (a schema from a file)
give changes → ``poison`` strews bad ones in → ``database`` writes them to PostgreSQL, where Debezium sees them.
"""
