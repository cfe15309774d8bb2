"""Audit events of a vault: people with roles and working hours, services, key rotations, and somebody who leaves."""
