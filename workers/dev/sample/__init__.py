"""Realistic telemetry from a seed: a replayed public trace or an imitation.

Everything before the producer is pure: ``replay`` or ``imitate`` give calls → ``grouping`` makes traces of spans
→ ``failures`` passes errors up to parent spans → ``records`` writes each span's records → ``stream`` sorts all of
them by event time → ``poison`` adds bad records → ``produce`` sends them to Kafka.
"""
