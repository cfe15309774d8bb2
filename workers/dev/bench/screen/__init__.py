"""The report, as users see it."""
