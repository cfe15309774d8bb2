"""A model registry with real models, prices, random changes and bad rows.

``catalogue`` (what genai-prices knows), ``random_changes`` (made-up models) and ``published`` (a schema from a file)
give changes → ``poison`` adds bad ones → ``database`` writes them to PostgreSQL, where Debezium reads them.
"""
