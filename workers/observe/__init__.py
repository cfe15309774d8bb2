"""What a running worker tells the outside: metrics, logs, spans and health."""
