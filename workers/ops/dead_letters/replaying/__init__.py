"""``dlq replay``: which dead letters are sent back, repaired or not, and how each is sent once."""
