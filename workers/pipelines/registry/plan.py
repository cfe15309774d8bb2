"""The plan: what a batch has changed of models and schemas, as statements in the order in which they must run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from workers.core.statement import Statement
from workers.core.template import Template
from workers.pipelines.registry import rows as row
from workers.pipelines.registry import statements as write
from workers.pipelines.registry.model_rows import (
    capability_rows,
    is_lost,
    model_row,
    named_version_rows,
    price_rows,
    version_rows,
)
from workers.pipelines.registry.model_state import ModelState
from workers.pipelines.registry.policy import Merge
from workers.pipelines.registry.schema_rows import schema_version_rows
from workers.pipelines.registry.schema_state import SchemaState
from workers.pipelines.registry.state import RegistryState

# Nodes before the relationships between them.
ORDER = (
    write.MODELS_NAMED,
    write.MODELS,
    write.TOUCHED,
    write.CAPABILITIES_NAMED,
    write.CAPABILITIES_KEPT,
    write.CAPABILITIES,
    write.VERSIONS_NAMED,
    write.VERSIONS,
    write.VERSIONS_LOST,
    write.PRICES,
    write.SCHEMAS,
    write.SCHEMA_VERSIONS,
    write.COMPATIBLE_KEPT,
    write.COMPATIBLE,
)

Rows = Mapping[Template, list[tuple[Any, ...]]]
Plan = Callable[[Iterable[RegistryState]], Sequence[Statement]]


def planner(merge: Merge) -> Plan:
    """Return the worker's ``plan``.

    It has the statements of all kinds of change, always the same ones, so that the server plans them once; nothing
    at all to change gives no statement. Run again, they change nothing but ``sync_timestamp``.
    """

    def plan(touched: Iterable[RegistryState]) -> Sequence[Statement]:
        rows: Rows = {template: [] for template in ORDER}
        for known in touched:
            if isinstance(known.about, ModelState):
                _add_model(rows, known.about, merge)
            elif isinstance(known.about, SchemaState):
                _add_schema(rows, known.about)
        return [template.on(rows[template]) for template in ORDER] if any(rows.values()) else []

    return plan


def _add_model(rows: Rows, model: ModelState, merge: Merge) -> None:
    prices = price_rows(model)
    if not (model.changed or model.told or prices):
        return
    rows[write.MODELS_NAMED].append(row.ModelNamedRow(model.model_id))
    if model.changed and model.details:
        rows[write.MODELS].append(model_row(model, model.details, merge))
    else:
        rows[write.TOUCHED].append(row.TouchedRow(model.model_id))
    if model.changed:
        _add_capabilities(rows, model, merge)
    versions = version_rows(model)
    lost = [row.VersionLostRow(each.version_id) for each in versions if is_lost(model, each.version, merge)]
    rows[write.VERSIONS_NAMED].extend(named_version_rows(model, prices, merge))
    rows[write.VERSIONS].extend(versions)
    rows[write.VERSIONS_LOST].extend(lost)
    rows[write.PRICES].extend(prices)


def _add_capabilities(rows: Rows, model: ModelState, merge: Merge) -> None:
    capabilities = capability_rows(model, merge)
    names = [capability.name for capability in capabilities]
    named = model.capabilities_named.union(names)
    rows[write.CAPABILITIES_NAMED].extend(row.CapabilityNamedRow(name) for name in named)
    rows[write.CAPABILITIES_KEPT].append(row.CapabilitiesKeptRow(model.model_id, names))
    rows[write.CAPABILITIES].extend(capabilities)


def _add_schema(rows: Rows, schema: SchemaState) -> None:
    versions = schema_version_rows(schema)
    if versions:
        rows[write.SCHEMAS].append(row.SchemaRow(schema.schema_id))
        rows[write.MODELS_NAMED].extend(row.ModelNamedRow(model_id) for model_id in schema.models_named)
    rows[write.SCHEMA_VERSIONS].extend(versions)
    for version in versions:
        models = list(schema.versions[version.version].compatible_models)
        rows[write.COMPATIBLE_KEPT].append(row.CompatibleKeptRow(version.version_id, models))
        rows[write.COMPATIBLE].extend(row.CompatibleRow(model_id, version.version_id) for model_id in models)
