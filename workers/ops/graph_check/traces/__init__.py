"""The traces of telemetry: those of the topic, folded again, beside those of the graph."""
