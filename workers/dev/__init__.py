"""What only developers use: local servers, sample data, the demo, the benchmark. The image does not carry it."""
