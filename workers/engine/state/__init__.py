"""The states of keys: a cache in the worker's Faust table over the states that the graph has."""
