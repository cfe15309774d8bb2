"""The periodic jobs that decide what happens next to a schema's versions."""
