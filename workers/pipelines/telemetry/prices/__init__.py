"""What a call costs, by the registry's price history or the price catalogue."""
