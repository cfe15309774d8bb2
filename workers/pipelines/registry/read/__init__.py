"""From a Debezium change event to a validated event."""
