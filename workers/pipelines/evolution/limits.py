"""Limits on the contents of an event and on the size of a state, each with its reason."""

MAX_NAME_BYTES = 1_024
"""UTF-8 bytes of an id or a name: all are parts of keys, and Neo4j indexes about 8 kB."""

MAX_WHY_BYTES = 8_192
"""UTF-8 bytes of a reason: a few pages."""

MAX_MIGRATIONS = 200
"""Migrations of one schema in its state, the latest ones. Repeated events of older ones are skipped anyway: they were
compared with a version that is no longer the current one."""

LATEST = 253_402_300_799_999
"""The end of the year 9999 in epoch milliseconds, the last point in time of ``datetime``."""

MAX_COMPARED_BYTES = 262_144
"""UTF-8 bytes of a compared JSON Schema: half a second of CPU. The schema of a tool has a few kB."""
