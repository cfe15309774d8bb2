"""The HTTP API of the model registry."""
