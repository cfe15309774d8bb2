"""From events to the state of one trace."""
