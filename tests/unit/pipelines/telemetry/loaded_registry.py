"""The catalogue, loaded into the registry: from the rows of its database to telemetry's history in memory."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.model.registry_source import Change, change
from tests.unit.pipelines.registry.driven import Table
from workers.core.statement import Statement
from workers.dev.sample.registry.catalogue import catalogue
from workers.dev.sample.registry.change import Kind
from workers.dev.sample.registry.database import JSON_COLUMNS, json_text
from workers.pipelines.registry.write.plan import ORDER
from workers.pipelines.telemetry.prices.registry_history import RegistryModel, registry_model
from workers.pipelines.telemetry.prices.registry_price import PriceColumns

COLUMNS = {template.name: template.columns for template in ORDER}


def rows() -> Iterator[Change]:
    """Yield the loader's rows as Debezium sends them."""
    for lsn, each in enumerate(catalogue()):
        if each.kind is Kind.MODEL:
            row = dict(each.columns) | {"effective_from": each.columns["effective_from"].isoformat()}
            row |= {name: json_text(row[name]).decode() for name in JSON_COLUMNS & row.keys() if row[name] is not None}
            yield change("models", "u", row, lsn)


def loaded_models() -> list[RegistryModel]:
    """Return what telemetry reads from the graph that the registry worker writes."""
    models: dict[str, dict[str, Any]] = {}
    prices: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for statement in Table().take(rows()):
        for row in _named(statement):
            if statement.name == "Model of the registry":
                models[row["model_id"]] = row
            if statement.name == "Price":
                prices[row["model_id"]][row["price_id"]] = row
    return [
        registry_model(model_id, model["provider"], model["aliases"], _latest_first(prices[model_id]))
        for model_id, model in models.items()
    ]


def _named(statement: Statement) -> Iterator[dict[str, Any]]:
    for row in statement.rows:
        yield dict(zip(COLUMNS[statement.name], row, strict=True))


def _latest_first(prices: dict[str, dict[str, Any]]) -> list[list[Any]]:
    in_order = sorted(prices.values(), key=lambda price: price["effective_from"], reverse=True)
    about = ("price_id", "effective_from", "effective_to", "version", "context_window")
    return [[price[column] for column in (*about, *PriceColumns._fields)] for price in in_order]
