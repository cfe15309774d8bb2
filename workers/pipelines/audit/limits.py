"""Limits on the contents of an audit event, each with its reason."""

EARLIEST_TIMESTAMP = 1_420_070_400_000
"""2015-01-01T00:00:00Z in epoch milliseconds: an earlier time has a wrong unit (seconds instead of milliseconds)."""

MAX_AHEAD_MS = 86_400_000
"""One day: no usual clock skew or time zone mistake is larger."""

MAX_NAME_BYTES = 1_024
"""UTF-8 bytes of an id or a name: Neo4j refuses index entries over some 8 kB."""

MAX_TEXT_BYTES = 65_536
"""UTF-8 bytes of any other text, and of all details: a reason in words, not a document."""
