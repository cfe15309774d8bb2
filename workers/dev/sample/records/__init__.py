"""The records of a call, good and bad, and the count of what they come to."""
