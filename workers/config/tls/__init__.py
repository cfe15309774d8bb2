"""TLS of every client: its context, and why a connection failed."""
