"""Checks of everything that the workers depend on; each says what it found, and what to do."""
