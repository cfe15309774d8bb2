"""The records of a call, good and bad, and the counts that they give."""
