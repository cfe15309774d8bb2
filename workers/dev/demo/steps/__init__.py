"""What the demo does, one step a file."""
