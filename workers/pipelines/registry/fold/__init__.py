"""From events to the state of one model or schema."""
