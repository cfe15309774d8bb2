"""The rows of the statements, typed. Rows of nodes that partitions share sort by their first, unique columns.

Points in time are epoch milliseconds, prices US dollars for 1,000 tokens as exact decimal strings.
"""

from typing import NamedTuple


class ModelNamedRow(NamedTuple):
    """A model that something tells of: its node is there from then on."""

    model_id: str


class ModelRow(NamedTuple):
    """A model, all of it. ``metadata`` counts only where ``metadata_told``."""

    model_id: str
    name: str | None
    provider: str | None
    version: str | None
    context_window: int | None
    training_cutoff: str | None
    deprecated: bool | None
    aliases: list[str]
    effective_from: int
    input: str | None
    output: str | None
    cached_input: str | None
    reasoning: str | None
    updated_at: int | None
    deleted_at: int | None
    purge_after: int | None
    history: list[str]
    metadata: str | None
    metadata_told: bool


class TouchedRow(NamedTuple):
    """A model of which something beside its own row has changed."""

    model_id: str


class CapabilityNamedRow(NamedTuple):
    """A capability that a model has."""

    name: str


class CapabilitiesKeptRow(NamedTuple):
    """A model, and all that it can do: what the graph has beyond that goes."""

    model_id: str
    names: list[str]


class CapabilityRow(NamedTuple):
    """A capability of a model."""

    name: str
    model_id: str
    added_at: int | None


class VersionNamedRow(NamedTuple):
    """A version that a model's row has named, at whatever time it held."""

    version_id: str
    model_id: str
    version: str


class VersionRow(NamedTuple):
    """A row of ``model_versions``. ``changelog`` counts only where ``changelog_told``."""

    version_id: str
    model_id: str
    version: str
    released_at: int | None
    deprecated_at: int | None
    deleted_at: int | None
    changelog: str | None
    changelog_told: bool


class VersionLostRow(NamedTuple):
    """A version that is no longer its model's."""

    version_id: str


class PriceRow(NamedTuple):
    """Terms of a model and how long they hold; ``effective_to`` is ``None`` until further notice."""

    price_id: str
    model_id: str
    version: str | None
    context_window: int | None
    effective_from: int
    effective_to: int | None
    input: str | None
    output: str | None
    cached_input: str | None
    reasoning: str | None


class SchemaRow(NamedTuple):
    """A schema of which a version has changed."""

    schema_id: str


class SchemaVersionRow(NamedTuple):
    """A row of ``schemas``. ``json_schema`` counts only where ``json_schema_told``."""

    version_id: str
    schema_id: str
    version: str
    hash: str | None
    published_at: int | None
    deleted_at: int | None
    history: list[str]
    json_schema: str | None
    json_schema_told: bool


class CompatibleKeptRow(NamedTuple):
    """A schema's version, and all models that it is compatible with: what the graph has beyond that goes."""

    version_id: str
    model_ids: list[str]


class CompatibleRow(NamedTuple):
    """A model that a schema's version is compatible with."""

    model_id: str
    version_id: str
