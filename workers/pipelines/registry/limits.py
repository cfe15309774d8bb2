"""Limits on the size of a change and of a state, each with its reason."""

MAX_NAME_BYTES = 1_024
"""UTF-8 bytes of an id or a name. Neo4j refuses index entries over some 8 kB, and ``<model_id>@<version>`` is one."""

MAX_TEXT_BYTES = 1_048_576
"""UTF-8 bytes of a changelog, of metadata or of a JSON Schema, 1 MiB: Kafka's default for a whole record."""

MAX_VERSIONS_IN_STATE = 5_000
"""Rows of ``model_versions`` of one model, or versions of one schema: further ones are rejected."""

MAX_CAPABILITIES_IN_STATE = 1_000
"""Capabilities of one model, removed ones included: further ones are rejected."""

MAX_PRICES_IN_STATE = 2_000
"""Price periods of one model in its state, the latest ones; older ones stay in the graph."""

MAX_HISTORY = 100
"""Entries of a node's history, the latest ones."""

MOST_DIGITS = 30
"""Digits before and after the decimal point of a price: far more than any currency needs."""
