"""The statement rows of a changed model or schema."""

from collections.abc import Sequence

import orjson

from workers.core.clock import iso
from workers.core.node_key import version_id
from workers.pipelines.registry.events import DOLLARS, UNSENT, NotSent, Text
from workers.pipelines.registry.fold.model_state import ModelDetails, ModelState
from workers.pipelines.registry.fold.state import SchemaState
from workers.pipelines.registry.options import Merge
from workers.pipelines.registry.times import DAY_MS
from workers.pipelines.registry.write.rows import (
    CapabilityWrite,
    ModelWrite,
    PriceWrite,
    SchemaVersionWrite,
    VersionNodeWrite,
    VersionWrite,
)


def model_row(model: ModelState, details: ModelDetails, merge: Merge) -> ModelWrite:
    """Return all properties of a Model. They replace what telemetry has written to a stub."""
    deleted_at, metadata, prices = model.deleted_at, details.metadata, details.prices
    return ModelWrite(
        model_id=model.model_id,
        name=metadata.name,
        provider=details.provider,
        version=details.version,
        context_window=details.context_window,
        training_cutoff=details.training_cutoff,
        deprecated=details.deprecated if merge.flag_deprecated else None,
        aliases=list(metadata.aliases),
        alias_history=_alias_history(model),
        effective_from=details.since,
        input=prices.input,
        output=prices.output,
        cached_input=prices.cached_input,
        reasoning=prices.reasoning,
        updated_at=None if details.updated_at is None else details.updated_at // 1000,
        deleted_at=deleted_at,
        purge_after=None if deleted_at is None else deleted_at + merge.deleted_models.grace_days * DAY_MS,
        deletions=model.deletions or None,
        history=model.history,
        metadata=model.metadata if isinstance(model.metadata, str) else None,
        metadata_sent=model.metadata is not UNSENT,
    )


def _alias_history(model: ModelState) -> str | None:
    history = model.alias_periods.history()
    return orjson.dumps(history).decode() if len(history) > 1 else None


def price_rows(model: ModelState) -> list[PriceWrite]:
    """Return the price periods that have changed, or that end at another time than before."""
    return [
        PriceWrite(
            price_id=version_id(model.model_id, iso(effective_from)),
            model_id=model.model_id,
            version=period.version,
            context_window=period.context_window,
            effective_from=effective_from,
            effective_to=until,
            **(period.prices._asdict() | {"currency": period.prices.currency or DOLLARS}),
            price_tiers=period.tiers,
            price_variants=period.variants,
        )
        for effective_from, until, period in model.price_periods.changed()
    ]


def version_node_rows(model: ModelState, prices: Sequence[PriceWrite], merge: Merge) -> list[VersionNodeWrite]:
    """Return the versions that the model's rows name, except those that no longer belong to the model."""
    named = model.versions_named | {price.version for price in prices if price.version is not None}
    return [
        VersionNodeWrite(version_id(model.model_id, version), model.model_id, version)
        for version in sorted(named)
        if not is_detached(model, version, merge)
    ]


def is_detached(model: ModelState, version: str, merge: Merge) -> bool:
    """Tell whether the version no longer belongs to its model, because its row was deleted."""
    known = model.versions.get(version)
    return merge.mirror_versions and known is not None and known.deleted_at is not None


def version_rows(model: ModelState) -> list[VersionWrite]:
    """Return the versions whose rows have changed."""
    return [_version_row(model, version, changelog) for version, changelog in model.changed_versions.items()]


def _version_row(model: ModelState, version: str, changelog: Text | NotSent | None) -> VersionWrite:
    known, (text, sent) = model.versions[version], sent_text(changelog)
    return VersionWrite(
        version_id=version_id(model.model_id, version),
        model_id=model.model_id,
        version=version,
        released_at=known.released_at,
        deprecated_at=known.deprecated_at,
        deleted_at=known.deleted_at,
        changelog=text,
        changelog_sent=sent,
    )


def capability_rows(model: ModelState, merge: Merge) -> list[CapabilityWrite]:
    """Return all capabilities of the model."""
    in_force = model.capabilities.in_force(table_wins=merge.table_wins)
    return [CapabilityWrite(name, model.model_id, added_at) for name, added_at in sorted(in_force.items())]


def schema_version_rows(schema: SchemaState) -> list[SchemaVersionWrite]:
    """Return the versions of a schema that have changed."""
    return [_schema_version_row(schema, version, text) for version, text in schema.changed_versions.items()]


def _schema_version_row(schema: SchemaState, version: str, json_schema: Text | NotSent | None) -> SchemaVersionWrite:
    known, (text, sent) = schema.versions[version], sent_text(json_schema)
    return SchemaVersionWrite(
        version_id=version_id(schema.schema_id, version),
        schema_id=schema.schema_id,
        version=version,
        hash=known.hash,
        published_at=known.published_at,
        deleted_at=known.deleted_at,
        history=list(known.history),
        json_schema=text,
        json_schema_sent=sent,
        compatible_models=list(known.compatible_models),
    )


def sent_text(mark: Text | NotSent | None) -> tuple[str | None, bool]:
    """Return the text of a mark, and whether a text was sent (which may be null)."""
    if mark is UNSENT:
        return None, False
    return mark.text if isinstance(mark, Text) else None, True
