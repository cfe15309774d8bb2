"""The model registry's own API over HTTP: what is told to it, and what is asked of it."""
