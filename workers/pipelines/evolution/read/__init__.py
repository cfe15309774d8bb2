"""From a decoded record to a validated event."""
