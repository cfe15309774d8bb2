"""The Faust table that holds a worker's state by key."""
