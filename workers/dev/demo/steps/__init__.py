"""The demo's steps, one per file."""
