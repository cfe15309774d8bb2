"""Which nodes and relationships a model or schema must have: the worker's own plan of all its changes at once."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from workers.core.statement import Statement
from workers.ops.graph_check.content import Expected, Written
from workers.ops.graph_check.finding import Node
from workers.ops.graph_check.registry.folded import FoldedSubject
from workers.pipelines.registry.fold.state import RegistryState
from workers.pipelines.registry.write import rows as row
from workers.pipelines.registry.write import statements as write
from workers.pipelines.registry.write.plan import ORDER

Plan = Callable[[Sequence[RegistryState]], Sequence[Statement]]
Rows = Mapping[str, list[dict[str, Any]]]
COLUMNS = {template.name: template.columns for template in ORDER}
SYSTEM = {"source_system": "llm-registry"}
PRICES = {name: f"{name}_per_1k" for name in ("input", "output", "cached_input", "reasoning")}
"""The properties of a Model for these columns."""
TEXTS = ("metadata", "changelog", "json_schema")
"""Compared only where a change has sent them: an update leaves out long unchanged texts."""


def expected_of(folded: FoldedSubject, plan: Plan) -> Expected:
    """Return what the graph must have of a model or schema."""
    made = Expected(WRITTEN)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}
    for statement in plan([folded.state]):
        rows[statement.name] = [dict(zip(COLUMNS[statement.name], each, strict=True)) for each in statement.rows]
    _add_models(made, rows)
    _add_versions(made, rows)
    for each in rows[write.SCHEMAS.name]:
        made.node(("Schema", each["schema_id"]), each | SYSTEM)
    for each in rows[write.SCHEMA_VERSIONS.name]:
        node = made.node(("SchemaVersion", each["version_id"]), _sent(each) | SYSTEM)
        made.edges[("Schema", each["schema_id"]), "HAS_VERSION", node] = {}
    made.bare -= made.nodes.keys()
    made.offsets = dict.fromkeys((*made.nodes, *made.bare), folded.offset)
    return made


def _add_models(made: Expected, rows: Rows) -> None:
    made.bare.update(("Model", each["model_id"]) for each in rows[write.MODEL_STUBS.name])
    made.bare.update(("Capability", each["name"]) for each in rows[write.CAPABILITY_NODES.name])
    for each in rows[write.MODELS.name]:
        named = {PRICES.get(name, name): value for name, value in _sent(each).items()}
        made.node(("Model", each["model_id"]), named | SYSTEM | {"stub": False})
    for each in rows[write.CAPABILITIES.name]:
        edge = ("Model", each["model_id"]), "HAS_CAPABILITY", ("Capability", each["name"])
        made.edges[edge] = {"added_at": each["added_at"]}
    for each in rows[write.PRICES.name]:
        made.edges[("Model", each["model_id"]), "HAS_PRICE", made.node(("Price", each["price_id"]), each)] = {}


def _add_versions(made: Expected, rows: Rows) -> None:
    detached = {each["version_id"] for each in rows[write.VERSIONS_DETACHED.name]}
    for each in (*rows[write.VERSION_NODES.name], *rows[write.VERSIONS.name]):
        node = made.node(("ModelVersion", each["version_id"]), _sent(each) | SYSTEM)
        if each["version_id"] not in detached:
            made.edges[("Model", each["model_id"]), "HAS_VERSION", node] = {}


def _sent(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that become properties, without the texts that were not sent."""
    unsent = {text for text in TEXTS if not values.get(f"{text}_sent", True)}
    return {name: value for name, value in values.items() if name not in unsent and not name.endswith("_sent")}


def _columns(of: Any, *more: str, less: Sequence[str] = ()) -> frozenset[str]:
    sent = {name for name in of._fields if name.endswith("_sent")}
    return frozenset({*of._fields, *more} - sent - {*TEXTS, *less})


WRITTEN: Written = MappingProxyType(
    {
        "Model": _columns(row.ModelWrite, *PRICES.values(), *SYSTEM, "stub", less=tuple(PRICES)),
        "ModelVersion": _columns(row.VersionWrite, *SYSTEM),
        "Price": _columns(row.PriceWrite),
        "Schema": _columns(row.SchemaWrite, *SYSTEM),
        "SchemaVersion": _columns(row.SchemaVersionWrite, *SYSTEM, less=("hash",)),
    }
)
"""The properties that the worker writes, by label; those of ``TEXTS`` and the hash of one only where they were sent."""
KEYS: Mapping[str, str] = MappingProxyType(
    {"Model": "model_id", "ModelVersion": "version_id", "Price": "price_id", "Capability": "name"}
    | {"Schema": "schema_id", "SchemaVersion": "version_id"}
)


def node_of(label: str, properties: Mapping[str, Any]) -> Node:
    """Return the node with these properties."""
    return label, str(properties.get(KEYS.get(label, "")))
