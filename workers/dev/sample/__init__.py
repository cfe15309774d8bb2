"""Realistic telemetry, replayed from a public trace or made up after one: seeded, pure up to the producer.

``replay`` or ``imitate`` give calls → ``grouping`` makes traces of spans → ``failures`` spreads errors upwards
→ ``records`` writes each span's records → ``stream`` puts all of them in the order of event time
→ ``poison`` strews bad records in → ``produce`` sends them to Kafka.
"""
