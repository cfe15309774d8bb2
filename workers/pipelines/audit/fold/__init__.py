"""From events to the links of a partition's chain."""
