"""What a worker does while a server is away, slow, or refuses too much."""
