"""What Kafka lets this client do: the rules that a worker needs, whether they are there, and why it is turned away."""
