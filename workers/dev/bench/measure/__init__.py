"""What the benchmark measures: throughput, latency, CPU, memory, and when the graph has everything."""
