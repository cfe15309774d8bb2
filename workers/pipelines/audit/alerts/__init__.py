"""Security alerts: what is suspicious about the accesses of a user, in sliding windows of event time."""
