"""The certificates of a secure stack."""
