"""An event: one change of one row of the registry's database, decoded and validated, frozen.

Texts that are only passed on (metadata, changelogs, JSON Schemas) come with a digest, which stands for them in the
state. Points in time are epoch milliseconds, ``updated_at`` epoch microseconds: it decides between writers.
"""

from enum import Enum
from typing import Literal, NamedTuple, TypeAlias


class Unsent(Enum):
    """A column that the change event leaves out: too large to be sent again, and not changed (TOAST)."""

    UNSENT = "__debezium_unavailable_value"


UNSENT = Unsent.UNSENT
Untold: TypeAlias = Literal[Unsent.UNSENT]


class Position(NamedTuple):
    """Where a change is in the source: its place in PostgreSQL's log, and its commit in epoch milliseconds."""

    lsn: int | None
    ts_ms: int


class Prices(NamedTuple):
    """US dollars for 1,000 tokens, as exact decimal strings."""

    input: str | None = None
    output: str | None = None
    cached_input: str | None = None
    reasoning: str | None = None


class Text(NamedTuple):
    """A text and its digest."""

    text: str
    digest: str


class Metadata(NamedTuple):
    """What the registry's metadata of a model says that means something here; ``digest`` is that of all of it.

    ``capabilities`` is ``None`` where it lists none; ``clock`` is the vector clock, ``(writer, count)`` by writer.
    """

    name: str | None = None
    aliases: tuple[str, ...] = ()
    capabilities: tuple[str, ...] | None = None
    clock: tuple[tuple[str, int], ...] = ()
    digest: str = ""


class ModelRow(NamedTuple):
    """A row of ``models``. ``training_cutoff`` is an ISO date; ``context_window`` in tokens."""

    model_id: str
    version: str | Untold | None
    provider: str | Untold | None
    context_window: int | None
    training_cutoff: str | None
    prices: Prices | Untold
    effective_from: int | None
    deprecated: bool
    metadata: Metadata | Untold
    updated_at: int | None
    text: str | None = None
    """The metadata as JSON, where it was sent."""


class VersionRow(NamedTuple):
    """A row of ``model_versions``."""

    model_id: str
    version: str
    released_at: int | None
    deprecated_at: int | None
    changelog: Text | Untold | None


class SchemaRow(NamedTuple):
    """A row of ``schemas``; the digest of ``json_schema`` is the SHA-256 of its canonical form."""

    schema_id: str
    version: str
    json_schema: Text | Untold | None
    compatible_models: tuple[str, ...] | Untold
    published_at: int | None


class CapabilityRow(NamedTuple):
    """A row of ``capabilities``."""

    model_id: str
    capability: str
    added_at: int | None


class ModelGone(NamedTuple):
    """A deleted row of ``models``: of those, PostgreSQL tells no more than the key."""

    model_id: str


class VersionGone(NamedTuple):
    """A deleted row of ``model_versions``."""

    model_id: str
    version: str


class SchemaGone(NamedTuple):
    """A deleted row of ``schemas``."""

    schema_id: str
    version: str


class CapabilityGone(NamedTuple):
    """A deleted row of ``capabilities``."""

    model_id: str
    capability: str


AboutModel: TypeAlias = ModelRow | ModelGone | VersionRow | VersionGone | CapabilityRow | CapabilityGone
AboutSchema: TypeAlias = SchemaRow | SchemaGone


class Event(NamedTuple):
    """A change. ``event_type`` is such as ``model.updated``."""

    event_type: str
    position: Position
    change: AboutModel | AboutSchema
