"""Periodic jobs of the telemetry worker: each name of a model leads to one Model."""
