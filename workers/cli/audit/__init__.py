"""``memory-graph audit``: prove that nobody edited the audit events, and search them."""
