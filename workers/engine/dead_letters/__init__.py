"""Metrics of the dead letters that wait in a worker's dead-letter topic."""
