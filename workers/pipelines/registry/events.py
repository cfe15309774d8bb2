"""An event: one change of one row of the registry's database, decoded and validated.

Texts that are only passed on (metadata, changelogs, JSON Schemas) come with a digest. The state keeps only the digest.
Points in time are epoch milliseconds, ``updated_at`` epoch microseconds: it decides between writers.
"""

from enum import Enum
from typing import Literal, NamedTuple, TypeAlias


class Unsent(Enum):
    """A large column that the change event does not contain, because it has not changed (TOAST)."""

    UNSENT = "__debezium_unavailable_value"


UNSENT = Unsent.UNSENT
NotSent: TypeAlias = Literal[Unsent.UNSENT]


class Position(NamedTuple):
    """The position of a change: in PostgreSQL's log (LSN), and its commit time in epoch milliseconds."""

    lsn: int | None
    ts_ms: int


DOLLARS = "USD"
"""The currency of a price that names none."""


class Prices(NamedTuple):
    """Prices for 1,000 tokens, and for one request, as exact decimal strings.

    ``cache_write`` is for tokens that are kept for five minutes, ``cache_write_1h`` for an hour. ``currency`` is its
    ISO 4217 code; ``None`` is US dollars.
    """

    input: str | None = None
    output: str | None = None
    cached_input: str | None = None
    reasoning: str | None = None
    cache_write: str | None = None
    cache_write_1h: str | None = None
    input_audio: str | None = None
    output_audio: str | None = None
    cached_audio: str | None = None
    input_image: str | None = None
    output_image: str | None = None
    cached_image: str | None = None
    per_request: str | None = None
    currency: str | None = None


class Text(NamedTuple):
    """A text and its digest."""

    text: str
    digest: str


class Metadata(NamedTuple):
    """The parts of a model's metadata that this worker uses; ``digest`` is the digest of all of it.

    ``capabilities`` is ``None`` where it lists none; ``clock`` is the vector clock, ``(writer, count)`` by writer.
    ``price_tiers`` are prices by the size of the prompt, ``price_variants`` prices by service tier and time of the day,
    as JSON with exact decimal strings: equal ones are equal texts.
    """

    name: str | None = None
    aliases: tuple[str, ...] = ()
    capabilities: tuple[str, ...] | None = None
    clock: tuple[tuple[str, int], ...] = ()
    digest: str = ""
    price_tiers: str | None = None
    price_variants: str | None = None


class ModelRow(NamedTuple):
    """A row of ``models``. ``training_cutoff`` is an ISO date; ``context_window`` in tokens."""

    model_id: str
    version: str | NotSent | None
    provider: str | NotSent | None
    context_window: int | None
    training_cutoff: str | None
    prices: Prices | NotSent
    effective_from: int | None
    deprecated: bool
    metadata: Metadata | NotSent
    updated_at: int | None
    text: str | None = None
    """The metadata as JSON, where it was sent."""


class VersionRow(NamedTuple):
    """A row of ``model_versions``."""

    model_id: str
    version: str
    released_at: int | None
    deprecated_at: int | None
    changelog: Text | NotSent | None


class SchemaRow(NamedTuple):
    """A row of ``schemas``; the digest of ``json_schema`` is the SHA-256 of its canonical form."""

    schema_id: str
    version: str
    json_schema: Text | NotSent | None
    compatible_models: tuple[str, ...] | NotSent
    published_at: int | None


class CapabilityRow(NamedTuple):
    """A row of ``capabilities``."""

    model_id: str
    capability: str
    added_at: int | None


class ModelDeleted(NamedTuple):
    """A deleted row of ``models``: PostgreSQL sends only the primary key."""

    model_id: str


class VersionDeleted(NamedTuple):
    """A deleted row of ``model_versions``."""

    model_id: str
    version: str


class SchemaDeleted(NamedTuple):
    """A deleted row of ``schemas``."""

    schema_id: str
    version: str


class CapabilityDeleted(NamedTuple):
    """A deleted row of ``capabilities``."""

    model_id: str
    capability: str


ModelChange: TypeAlias = ModelRow | ModelDeleted | VersionRow | VersionDeleted | CapabilityRow | CapabilityDeleted
SchemaChange: TypeAlias = SchemaRow | SchemaDeleted
Deletion: TypeAlias = ModelDeleted | VersionDeleted | CapabilityDeleted | SchemaDeleted


class Event(NamedTuple):
    """A change. An example of ``event_type`` is ``model.updated``.

    ``replaced`` is the row under its old key, where an update has changed the key.
    """

    event_type: str
    position: Position
    change: ModelChange | SchemaChange
    replaced: Deletion | None = None
