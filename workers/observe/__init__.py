"""What a running process shows: metrics, logs, spans and health pages."""
