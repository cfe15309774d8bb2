"""Limits on the contents of an event and on the size of a state, each with its reason."""

EARLIEST_TIMESTAMP = 1_420_070_400_000
"""2015-01-01T00:00:00Z in epoch milliseconds: an earlier time has a wrong unit (seconds instead of milliseconds)."""

MAX_AHEAD_MS = 86_400_000
"""One day: no usual clock skew or time zone mistake is larger."""

MOST_CLAMPED_MS = 1_000.0
"""Hosts with time synchronisation differ by milliseconds. A latency below minus one second is a mistake."""

MAX_NAME_BYTES = 1_024
"""UTF-8 bytes of an id or a name. Neo4j refuses index entries over some 8 kB, and ``<trace_id>/<span_id>`` is one."""

MAX_TEXT_BYTES = 1_048_576
"""UTF-8 bytes of any other text, 1 MiB: what Kafka takes as a whole record by default (``message.max.bytes``)."""

MAX_CONTENT_BYTES = 4_194_304
"""UTF-8 bytes of a prompt or completion, 4 MiB: a context window of a million tokens at four bytes each."""

MAX_REPORTED_USD = 1e9
"""What one call can cost: an amount above a billion US dollars has a wrong unit."""

MAX_LONG = 2**63 - 1
"""Neo4j's and Avro's integers are signed, of 64 bits."""

MAX_IDS_OF_SPAN = 2_000
"""Events in the stored state of a span, the last ones in their order: copies are known by them. Usual are five."""

MAX_ERRORS_OF_SPAN = 500
"""Errors in the stored state of a span, the last ones by id: each may be a cause of each error of its parent span."""

MAX_PRICED_MODELS = 4_096
"""Cached (provider, model) lookups, almost twice the catalogue's number of models."""
