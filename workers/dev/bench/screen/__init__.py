"""What a person sees of a report."""
