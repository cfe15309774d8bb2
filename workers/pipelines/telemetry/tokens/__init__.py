"""How many tokens a call used, in one form for all providers."""
