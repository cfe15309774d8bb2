"""The hash chain of audit events: canonical bytes, and the link from one event to the next."""
