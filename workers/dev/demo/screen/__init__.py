"""The demo's output, one part per file."""
