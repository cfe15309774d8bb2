"""From a decoded record to an event, or a rejection."""
