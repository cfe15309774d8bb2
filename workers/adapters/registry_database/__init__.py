"""The registry's PostgreSQL: how far its change capture is, and what it is asked to capture again."""
