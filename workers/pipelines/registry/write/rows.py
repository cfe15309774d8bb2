"""The typed rows of the statements. Rows of shared nodes begin with their unique columns, because they are sorted.

Points in time are epoch milliseconds, prices US dollars for 1,000 tokens as exact decimal strings.
"""

from typing import NamedTuple


class ModelStubWrite(NamedTuple):
    """A model that must have a node."""

    model_id: str


class ModelWrite(NamedTuple):
    """All properties of a model. ``metadata`` counts only with ``metadata_sent``.

    ``alias_history`` is JSON, where the aliases have changed: each list of them with its first millisecond.
    """

    model_id: str
    name: str | None
    provider: str | None
    version: str | None
    context_window: int | None
    training_cutoff: str | None
    deprecated: bool | None
    aliases: list[str]
    alias_history: str | None
    effective_from: int
    input: str | None
    output: str | None
    cached_input: str | None
    reasoning: str | None
    updated_at: int | None
    deleted_at: int | None
    purge_after: int | None
    deletions: list[int] | None
    history: list[str]
    metadata: str | None
    metadata_sent: bool


class SyncTimestampWrite(NamedTuple):
    """A model of which only another row has changed."""

    model_id: str


class CapabilityNodeWrite(NamedTuple):
    """A capability that must have a node."""

    name: str


class CapabilitiesKeptWrite(NamedTuple):
    """A model with all its capabilities: other capabilities are removed from it."""

    model_id: str
    names: list[str]


class CapabilityWrite(NamedTuple):
    """A capability of a model."""

    name: str
    model_id: str
    added_at: int | None


class VersionNodeWrite(NamedTuple):
    """A version that a model's row names, for any time."""

    version_id: str
    model_id: str
    version: str


class VersionWrite(NamedTuple):
    """A row of ``model_versions``. ``changelog`` counts only with ``changelog_sent``."""

    version_id: str
    model_id: str
    version: str
    released_at: int | None
    deprecated_at: int | None
    deleted_at: int | None
    changelog: str | None
    changelog_sent: bool


class VersionDetachedWrite(NamedTuple):
    """A version that no longer belongs to its model."""

    version_id: str


class PriceWrite(NamedTuple):
    """A price period of a model; ``effective_to`` is ``None`` for the last one. Tiers and variants are JSON."""

    price_id: str
    model_id: str
    version: str | None
    context_window: int | None
    effective_from: int
    effective_to: int | None
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
    price_tiers: str | None = None
    price_variants: str | None = None


class SchemaWrite(NamedTuple):
    """A schema with a changed version."""

    schema_id: str


class SchemaVersionWrite(NamedTuple):
    """A row of ``schemas``. ``json_schema`` counts only with ``json_schema_sent``."""

    version_id: str
    schema_id: str
    version: str
    hash: str | None
    published_at: int | None
    deleted_at: int | None
    history: list[str]
    json_schema: str | None
    json_schema_sent: bool
    compatible_models: list[str]


class CompatibleKeptWrite(NamedTuple):
    """A schema version with all its compatible models: other models are removed from it."""

    version_id: str
    model_ids: list[str]


class CompatibleWrite(NamedTuple):
    """A model that a schema version is compatible with."""

    model_id: str
    version_id: str
