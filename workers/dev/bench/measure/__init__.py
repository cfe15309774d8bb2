"""The measurements: throughput, latency, CPU, memory, and when the graph is complete."""
