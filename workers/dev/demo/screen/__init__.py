"""What a person sees of the demo, one part a file."""
