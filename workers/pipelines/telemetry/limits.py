"""What a telemetry event may hold, each limit with where it comes from."""

EARLIEST_TIMESTAMP = 1_420_070_400_000
"""2015-01-01T00:00:00Z in epoch milliseconds: an earlier time is a wrong unit (seconds for milliseconds) or no time."""

MAX_AHEAD_MS = 86_400_000
"""A day: no clock skew or time zone mistake within reason puts an event further into the future."""

MAX_NAME_BYTES = 1_024
"""UTF-8 bytes of an id or a name. Neo4j refuses index entries over some 8 kB, and ``<trace_id>/<span_id>`` is one."""

MAX_TEXT_BYTES = 1_048_576
"""UTF-8 bytes of any other text, 1 MiB: what Kafka takes as a whole record by default (``message.max.bytes``)."""

MAX_CONTENT_BYTES = 4_194_304
"""UTF-8 bytes of a prompt or completion, 4 MiB: a context window of a million tokens at four bytes each."""

MAX_LONG = 2**63 - 1
"""Neo4j's and Avro's integers are signed, of 64 bits."""

MAX_SPANS_IN_STATE = 2_000
"""Spans of one trace that are remembered between batches: far above real traces, and some 600 kB of state at most."""

MAX_EVENT_IDS_IN_STATE = 10_000
"""Event ids of one trace that are remembered, the latest in the log: five for each span."""

MAX_ERRORS_IN_STATE = 500
"""Errors of one trace that later ones are chained to, the latest in the log: chaining compares each with each."""

MAX_PRICED_MODELS = 4_096
"""(provider, model) pairs whose catalogue entry is kept at hand, almost twice the catalogue's number of models."""
