"""The rows of a model that has changed."""

from collections.abc import Sequence

from workers.pipelines.registry.details import Details
from workers.pipelines.registry.instant import iso
from workers.pipelines.registry.model import UNSENT, Text, Untold
from workers.pipelines.registry.model_state import ModelState
from workers.pipelines.registry.policy import Merge
from workers.pipelines.registry.rows import CapabilityRow, ModelRow, PriceRow, VersionNamedRow, VersionRow

DAY_MS = 86_400_000


def version_id(subject: str, version: str) -> str:
    """Return the key of a model's or a schema's version (contract, "Graph")."""
    return f"{subject}@{version}"


def model_row(model: ModelState, details: Details, merge: Merge) -> ModelRow:
    """Return all that the Model is known by. What telemetry's catalogue says of a stub gives way to it."""
    deleted_at, metadata = model.deleted_at, details.metadata
    return ModelRow(
        model.model_id,
        metadata.name,
        details.provider,
        details.version,
        details.context_window,
        details.training_cutoff,
        details.deprecated if merge.flag_deprecated else None,
        list(metadata.aliases),
        details.since,
        *details.prices,
        None if details.updated_at is None else details.updated_at // 1000,
        deleted_at,
        None if deleted_at is None else deleted_at + merge.grace_days * DAY_MS,
        model.history,
        model.metadata if isinstance(model.metadata, str) else None,
        model.metadata is not UNSENT,
    )


def price_rows(model: ModelState) -> list[PriceRow]:
    """Return the terms that have changed, and those that end at another time than before."""
    return [
        PriceRow(
            f"{model.model_id}@{iso(effective_from)}",
            model.model_id,
            terms.version,
            terms.context_window,
            effective_from,
            until,
            *terms.prices,
        )
        for effective_from, until, terms in model.terms.changed()
    ]


def named_version_rows(model: ModelState, prices: Sequence[PriceRow], merge: Merge) -> list[VersionNamedRow]:
    """Return the versions that the model's rows have named; none that has been taken from the model."""
    named = model.versions_named | {price.version for price in prices if price.version is not None}
    return [
        VersionNamedRow(version_id(model.model_id, version), model.model_id, version)
        for version in sorted(named)
        if not is_lost(model, version, merge)
    ]


def is_lost(model: ModelState, version: str, merge: Merge) -> bool:
    """Tell whether the version's row was deleted, where that takes it from its model."""
    known = model.versions.get(version)
    return merge.mirror_versions and known is not None and known.deleted_at is not None


def version_rows(model: ModelState) -> list[VersionRow]:
    """Return the versions whose rows have changed."""
    rows = []
    for version, changelog in model.told.items():
        _, released_at, deprecated_at, deleted_at, _ = model.versions[version]
        own = (version_id(model.model_id, version), model.model_id, version)
        rows.append(VersionRow(*own, released_at, deprecated_at, deleted_at, *told_text(changelog)))
    return rows


def capability_rows(model: ModelState, merge: Merge) -> list[CapabilityRow]:
    """Return all that the model can do."""
    in_force = model.capabilities.in_force(table_wins=merge.table_wins)
    return [CapabilityRow(name, model.model_id, added_at) for name, added_at in sorted(in_force.items())]


def told_text(mark: Text | Untold | None) -> tuple[str | None, bool]:
    """Return a text and whether it was told, which a null can be, too."""
    if mark is UNSENT:
        return None, False
    return mark.text if isinstance(mark, Text) else None, True
