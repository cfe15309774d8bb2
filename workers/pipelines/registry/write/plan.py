"""The plan: the changes of a batch as statements, in the order in which they must run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workers.core.statement import Statement, Template
from workers.pipelines.registry.fold.model_state import ModelState
from workers.pipelines.registry.fold.state import RegistryState, SchemaState
from workers.pipelines.registry.options import Merge
from workers.pipelines.registry.write import rows as row
from workers.pipelines.registry.write import statements as write
from workers.pipelines.registry.write.graph_rows import (
    capability_rows,
    is_detached,
    model_row,
    price_rows,
    schema_version_rows,
    version_node_rows,
    version_rows,
)

# Nodes before the relationships between them.
ORDER = (
    write.MODEL_STUBS,
    write.MODELS,
    write.SYNC_TIMESTAMPS,
    write.CAPABILITY_NODES,
    write.CAPABILITIES_KEPT,
    write.CAPABILITIES,
    write.VERSION_NODES,
    write.VERSIONS,
    write.VERSIONS_DETACHED,
    write.PRICES,
    write.SCHEMAS,
    write.SCHEMA_VERSIONS,
    write.COMPATIBLE_KEPT,
    write.COMPATIBLE,
)

Rows = Mapping[Template, list[tuple[Any, ...]]]


def planner(merge: Merge) -> Callable[[Sequence[RegistryState]], Sequence[Statement]]:
    """Return the worker's ``plan``.

    It always returns the same statements, so that Neo4j plans the query once; without any change it returns none.
    Run again, they change nothing but ``sync_timestamp``.
    """

    def plan(touched: Sequence[RegistryState]) -> Sequence[Statement]:
        rows: Rows = {template: [] for template in ORDER}
        for state in touched:
            if isinstance(state.subject, ModelState):
                _add_model(rows, state.subject, merge)
            elif isinstance(state.subject, SchemaState):
                _add_schema(rows, state.subject)
        return [template.on(rows[template]) for template in ORDER] if any(rows.values()) else []

    return plan


def _add_model(rows: Rows, model: ModelState, merge: Merge) -> None:
    prices = price_rows(model)
    if not (model.changed or model.changed_versions or prices):
        return
    rows[write.MODEL_STUBS].append(row.ModelStubWrite(model.model_id))
    if model.changed and model.details:
        rows[write.MODELS].append(model_row(model, model.details, merge))
    else:
        rows[write.SYNC_TIMESTAMPS].append(row.SyncTimestampWrite(model.model_id))
    if model.changed:
        _add_capabilities(rows, model, merge)
    versions = version_rows(model)
    detached = [
        row.VersionDetachedWrite(each.version_id) for each in versions if is_detached(model, each.version, merge)
    ]
    rows[write.VERSION_NODES].extend(version_node_rows(model, prices, merge))
    rows[write.VERSIONS].extend(versions)
    rows[write.VERSIONS_DETACHED].extend(detached)
    rows[write.PRICES].extend(prices)


def _add_capabilities(rows: Rows, model: ModelState, merge: Merge) -> None:
    capabilities = capability_rows(model, merge)
    names = [capability.name for capability in capabilities]
    rows[write.CAPABILITY_NODES].extend(row.CapabilityNodeWrite(name) for name in model.capabilities_named.union(names))
    rows[write.CAPABILITIES_KEPT].append(row.CapabilitiesKeptWrite(model.model_id, names))
    rows[write.CAPABILITIES].extend(capabilities)


def _add_schema(rows: Rows, schema: SchemaState) -> None:
    versions = schema_version_rows(schema)
    if versions:
        rows[write.SCHEMAS].append(row.SchemaWrite(schema.schema_id))
        rows[write.MODEL_STUBS].extend(row.ModelStubWrite(model_id) for model_id in schema.models_named)
    rows[write.SCHEMA_VERSIONS].extend(versions)
    for version in versions:
        models = list(schema.versions[version.version].compatible_models)
        rows[write.COMPATIBLE_KEPT].append(row.CompatibleKeptWrite(version.version_id, models))
        rows[write.COMPATIBLE].extend(row.CompatibleWrite(model_id, version.version_id) for model_id in models)
