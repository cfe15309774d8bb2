"""What an event may hold, and how much of a schema is remembered, each limit with its reason."""

MAX_NAME_BYTES = 1_024
"""UTF-8 bytes of an id or a name, as in the registry: all are parts of keys, and Neo4j indexes some 8 kB."""

MAX_WHY_BYTES = 8_192
"""UTF-8 bytes of a reason: some pages."""

MAX_REMEMBERED = 200
"""Migrations of one schema, the latest; of older ones only the graph tells. What was told of them again would be left
out all the same: it was classed against a version that is no longer the current one."""

LATEST = 253_402_300_799_999
"""The end of the year 9999 in epoch milliseconds: the last point in time that ``datetime`` has."""

MAX_COMPARED_BYTES = 262_144
"""UTF-8 bytes of a JSON Schema that is compared: half a second. A tool's has some kB."""
