"""The expected graph of the registry's changes, by the rules, without shared code.

``naive_registry`` takes change events in the order of their log, duplicates included, and returns the same shape as
``tests.model.registry_snapshot``. Wall-clock properties (``sync_timestamp``) are left out.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.model.keys import version_key
from tests.model.naive_model import Graph
from tests.model.registry_source import KEYS, Change

PLACEHOLDER = "__debezium_unavailable_value"
KINDS = ("input", "output", "cached_input", "reasoning")
MORE_KINDS = (
    *("cache_write", "cache_write_1h", "input_audio", "output_audio", "cached_audio"),
    *("input_image", "output_image", "cached_image", "per_request"),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SYSTEM = {"source_system": "llm-registry"}
Told = dict[str, Any]


def naive_registry(log: Iterable[Change], grace_days: int = 30) -> Graph:
    """Return the graph that the whole log must give."""
    models: dict[str, Told] = {}
    schemas: dict[str, Told] = {}
    for fields in _new(log):
        table, row = fields["source"]["table"], fields["after"] or fields["before"]
        if table == "schemas":
            _schema(schemas.setdefault(row["schema_id"], {}), fields, row)
        else:
            empty: Told = {
                "versions": {},
                "table": {},
                "listed": {},
                "terms": {},
                "history": [],
                "can": set(),
                "called": set(),
                "differed": set(),
                "aliases": {},
                "deletions": [],
            }
            model = models.setdefault(row["model_id"], empty)
            {"models": _model, "model_versions": _version, "capabilities": _capability}[table](model, fields, row)
    graph = Graph()
    for schema_id, versions in schemas.items():
        _show_schema(graph, schema_id, versions)
    for model_id, model in models.items():
        _show_model(graph, model_id, model, grace_days)
    return graph


def _new(log: Iterable[Change]) -> Iterable[Told]:
    """Skip events that are not newer than the last one of their row. A changed key is a deletion and an insertion."""
    reached: dict[Any, int] = {}
    for fields in (part for _, whole in log for part in _parts(whole)):
        table = fields["source"]["table"]
        row = fields["after"] or fields["before"]
        key = (table, *(row[column] for column in KEYS[table]))
        if fields["source"]["lsn"] > reached.get(key, -1):
            reached[key] = fields["source"]["lsn"]
            yield fields


def _parts(fields: Told) -> Iterable[Told]:
    before, after = fields["before"], fields["after"]
    key = KEYS[fields["source"]["table"]]
    if fields["op"] == "u" and before and [before[column] for column in key] != [after[column] for column in key]:
        yield fields | {"op": "d", "after": None}
    yield fields


def _model(model: Told, fields: Told, row: Mapping[str, Any]) -> None:
    at = fields["source"]["ts_ms"]
    if fields["op"] == "d":
        if model.get("row"):
            if "deleted_at" not in model:
                model["deletions"].append(at)
            model["deleted_at"] = at
        return
    whole = {c: model["last"][c] if v == PLACEHOLDER else v for c, v in row.items()}
    lacks = fields["op"] == "r" and whole != model.get("last")  # changes: the log does not have the row's last one
    model["last"] = whole
    known, both = model.get("row"), {}
    if known and "deleted_at" not in model and not lacks:
        ours, theirs = model["clock"], _clock(whole)
        if ours and theirs and ours != theirs:
            ahead = any(count > ours.get(writer, 0) for writer, count in theirs.items())
            behind = any(count > theirs.get(writer, 0) for writer, count in ours.items())
            if behind and not ahead:
                return
            if behind:
                loses = _micros(whole["updated_at"]) < _micros(known["updated_at"])
                lost = _lost(whole if loses else known)
                conflict = ("concurrent_model_update", "last_write_wins_with_timestamp")
                model["history"].append(_record(at, conflict, {"lost": lost}))
                both = {writer: max(ours.get(writer, 0), theirs.get(writer, 0)) for writer in ours | theirs}
                if loses:
                    model["clock"] = both
                    return
    model["clock"] = both or _clock(whole)
    model.pop("deleted_at", None)
    model["row"] = whole
    _price(model, whole, at)
    _alias(model["aliases"], _ms(whole["effective_from"]), at, _aliases(whole))
    model["called"] |= {whole["version"]} - {None}
    _listing(model, json.loads(whole["metadata"]).get("capabilities"), _ms(whole["updated_at"]), at)


def _price(model: Told, whole: Told, at: int) -> None:
    """Let a new effective_from begin a price; prices that change under an old one begin at the commit."""
    since, terms = _ms(whole["effective_from"]), model["terms"]
    parts = [start for start, term in terms.items() if term["of"] == since and not term["gone"]]
    if not parts:
        for start, term in terms.items():
            term["gone"] = term["gone"] or term["of"] < since < start != term["of"]
        terms[since] = {"of": since, "row": whole, "gone": False}
        return
    before = terms[max(parts)]["row"]
    if _charged(before) == _charged(whole):
        terms[max(parts)]["row"] = whole
        return
    terms[max(*parts, at)] = {"of": since, "row": whole, "gone": False}
    lost: Told = {"effective_from": _iso(since), "cost_per_1k_tokens": _stated(before)}
    lost |= {"price_tiers": _tiers(before)} if _tiers(before) else {}
    lost |= {"price_variants": _variants(before)} if _variants(before) else {}
    model["history"].append(_record(at, ("price_same_effective_from", "append"), {"lost": lost}))


def _charged(row: Mapping[str, Any]) -> Told:
    return {"cost": _stated(row), "price_tiers": _tiers(row), "price_variants": _variants(row)}


def _stated(row: Mapping[str, Any]) -> Told:
    """Return the prices that there are; a currency only if it is another one than US dollars."""
    currency = {} if _currency(row) == "USD" else {"currency": _currency(row)}
    return {kind: price for kind, price in _prices(row).items() if price is not None} | currency


def _tiers(row: Mapping[str, Any]) -> Told:
    return _steps(json.loads(row["metadata"], parse_float=Decimal).get("price_tiers", {}))


def _steps(tiers_sent: Mapping[str, Any]) -> Told:
    """Return the steps of each category, the lowest first."""
    return {
        kind: [
            {**tier, "per_1k_tokens": _plain(tier["per_1k_tokens"])}
            for tier in sorted(tiers, key=lambda tier: tier["above_tokens"])
        ]
        for kind, tiers in tiers_sent.items()
    }


def _variants(row: Mapping[str, Any]) -> list[Told]:
    """Return the variants in their order, for of several the first counts."""
    return [
        variant
        | {
            "cost_per_1k_tokens": {kind: _plain(usd) for kind, usd in variant.get("cost_per_1k_tokens", {}).items()},
            "price_tiers": _steps(variant.get("price_tiers", {})),
        }
        for variant in json.loads(row["metadata"], parse_float=Decimal).get("price_variants", [])
    ]


def _aliases(row: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(json.loads(row["metadata"]).get("aliases", [])))


def _alias(rows: dict[int, dict[int, list[str]]], since: int, at: int, names: list[str]) -> None:
    """Note what a row says of its aliases: another thing than before holds from the time it was said."""
    known = rows.setdefault(since, {})
    if known and list(known.values())[-1] == names:
        return
    over = any(since < later <= at for later in rows)
    if not known or over or at <= since:
        known.clear()
        known[since] = names
    else:
        known[at] = names


def _alias_history(rows: dict[int, dict[int, list[str]]]) -> str | None:
    """Return each list with the time it began to hold, by asking at each time at which anything changed."""
    history: list[Any] = []
    for time in sorted({*rows, *(at for known in rows.values() for at in known)}):
        known = rows[max(since for since in rows if since <= time)]
        names = known[max(at for at in known if at <= time)]
        if not history or history[-1][1] != names:
            history.append([time, names])
    return json.dumps(history, separators=(",", ":")) if len(history) > 1 else None


def _listing(model: Told, stated: list[str] | None, written: int, at: int) -> None:
    names = None if stated is None else sorted(set(stated))
    if names == model.get("stated"):
        return
    model["stated"] = names
    model["can"] |= set(names or ())
    model["listed"] = {name: model["listed"].get(name, written) for name in names or []}
    differ = _differ(model)
    if differ:
        _diverge(model, at, differ)
    model["differed"] = differ


def _differ(model: Told) -> set[str]:
    """Return the names that only one of list and table has; without a list or a row there is nothing to compare."""
    if model.get("stated") is None or not model["table"]:
        return set()
    return set(model["table"]) ^ set(model["listed"])


def _diverge(model: Told, at: int, differ: set[str]) -> None:
    told = {"only_listed": sorted(differ & set(model["listed"])), "only_in_table": sorted(differ & set(model["table"]))}
    conflict = ("capability_divergence", "union_merge_with_audit_log")
    model["history"].append(_record(at, conflict, told))


def _version(model: Told, fields: Told, row: Mapping[str, Any]) -> None:
    known = model["versions"].get(row["version"])
    if fields["op"] != "d":
        unsent = row["changelog"] == PLACEHOLDER
        changelog = known["changelog"] if unsent and known else row["changelog"]
        model["versions"][row["version"]] = {**row, "changelog": changelog}
    elif known:
        known["deleted_at"] = fields["source"]["ts_ms"]


def _capability(model: Told, fields: Told, row: Mapping[str, Any]) -> None:
    if fields["op"] == "d":
        model["table"].pop(row["capability"], None)
        model["listed"].pop(row["capability"], None)
    else:
        model["can"].add(row["capability"])
        model["table"][row["capability"]] = _ms(row["added_at"])
    differ = _differ(model)
    if differ - model["differed"]:
        _diverge(model, fields["source"]["ts_ms"], differ)
    model["differed"] = differ


def _schema(versions: Told, fields: Told, row: Mapping[str, Any]) -> None:
    known = versions.get(row["version"])
    if fields["op"] == "d":
        if known:
            known["deleted_at"] = fields["source"]["ts_ms"]
        return
    now = dict(row) | {"history": known["history"] if known else []}
    for column in ("json_schema", "compatible_models"):
        if now[column] in (PLACEHOLDER, [PLACEHOLDER]):
            now[column] = known[column] if known else None
    if known and _hash(known["json_schema"]) != _hash(now["json_schema"]):
        conflict = ("schema_version_mismatch", "fetch_latest_from_registry")
        lost = {"lost": {"hash": _hash(known["json_schema"])}}
        now["history"] = [*now["history"], _record(fields["source"]["ts_ms"], conflict, lost)]
    now["named"] = set(now["compatible_models"]) | (known["named"] if known else set())
    versions[row["version"]] = now


def _show_model(graph: Graph, model_id: str, model: Told, grace_days: int) -> None:
    row, node = model.get("row"), ("Model", model_id)
    if row:
        deleted = model.get("deleted_at")
        graph.node(
            "Model",
            model_id,
            model_id=model_id,
            stub=False,
            name=json.loads(row["metadata"]).get("name"),
            version=row["version"],
            provider=row["provider"],
            context_window=row["context_window"],
            training_cutoff=_day(row["training_cutoff"]),
            deprecated=row["deprecated"],
            aliases=_aliases(row),
            alias_history=_alias_history(model["aliases"]),
            effective_from=_ms(row["effective_from"]),
            updated_at=_ms(row["updated_at"]),
            deleted_at=deleted,
            purge_after=None if deleted is None else deleted + grace_days * 86_400_000,
            deletions=model["deletions"] or None,
            history=model["history"],
            metadata=row["metadata"],
            **SYSTEM,
            **{f"{kind}_per_1k": _prices(row)[kind] for kind in KINDS},
        )
        _show_terms(graph, model_id, model["terms"])
    else:
        graph.node(*node, model_id=model_id, stub=True, **SYSTEM)
    for name in model["can"]:
        graph.node("Capability", name, name=name)
    for name, added_at in (model["listed"] | model["table"]).items():
        graph.relate(node, "HAS_CAPABILITY", ("Capability", name), added_at=added_at)
    for version in model["called"]:
        named = {"version_id": version_key(model_id, version), "model_id": model_id, "version": version}
        graph.relate(node, "HAS_VERSION", graph.node("ModelVersion", named["version_id"], **named, **SYSTEM))
    for version, told in model["versions"].items():
        version_id = version_key(model_id, version)
        shown = graph.node(
            "ModelVersion",
            version_id,
            version_id=version_id,
            model_id=model_id,
            version=version,
            released_at=_ms(told["released_at"]),
            deprecated_at=_ms(told["deprecated_at"]),
            changelog=told["changelog"],
            deleted_at=told.get("deleted_at"),
            **SYSTEM,
        )
        graph.relate(node, "HAS_VERSION", shown)


def _show_terms(graph: Graph, model_id: str, terms: Mapping[int, Told]) -> None:
    node = ("Model", model_id)
    order = sorted(start for start, term in terms.items() if not term["gone"])
    ends = dict(zip(order, [*order[1:], None], strict=True))
    for since, term in terms.items():
        row = term["row"]
        price_id = version_key(model_id, _iso(since))
        price = graph.node(
            "Price",
            price_id,
            price_id=price_id,
            model_id=model_id,
            version=row["version"],
            context_window=row["context_window"],
            effective_from=since,
            effective_to=ends.get(since, since),
            currency=_currency(row),
            price_tiers=_text(_tiers(row)),
            price_variants=_text(_variants(row)),
            **_prices(row),
        )
        graph.relate(node, "HAS_PRICE", price)


def _show_schema(graph: Graph, schema_id: str, versions: Mapping[str, Told]) -> None:
    schema = graph.node("Schema", schema_id, schema_id=schema_id, **SYSTEM)
    for version, told in versions.items():
        version_id = version_key(schema_id, version)
        node = graph.node(
            "SchemaVersion",
            version_id,
            version_id=version_id,
            schema_id=schema_id,
            version=version,
            json_schema=told["json_schema"],
            hash=_hash(told["json_schema"]),
            published_at=_ms(told["published_at"]),
            deleted_at=told.get("deleted_at"),
            history=told["history"],
            compatible_models=sorted(set(told["compatible_models"])),
            **SYSTEM,
        )
        graph.relate(schema, "HAS_VERSION", node)
        for model_id in told["named"]:
            if ("Model", model_id) not in graph.nodes:
                graph.node("Model", model_id, model_id=model_id, stub=True)
        for model_id in set(told["compatible_models"]):
            graph.relate(node, "COMPATIBLE_WITH", ("Model", model_id))


def _clock(row: Mapping[str, Any]) -> dict[str, int]:
    clock: dict[str, int] = json.loads(row["metadata"]).get("vector_clock", {})
    return clock


def _prices(row: Mapping[str, Any]) -> Told:
    cost = json.loads(row["cost_per_1k_tokens"] or "{}", parse_float=Decimal)
    return {kind: _plain(cost.get(kind)) for kind in (*KINDS, *MORE_KINDS)}


def _currency(row: Mapping[str, Any]) -> str:
    """Return the currency of a row's prices: US dollars where it names none."""
    return json.loads(row["cost_per_1k_tokens"] or "{}").get("currency") or "USD"


def _text(prices: Any) -> str | None:
    return json.dumps(prices, sort_keys=True, separators=(",", ":")) if prices else None


def _plain(price: Any) -> str | None:
    if price is None:
        return None
    text = f"{Decimal(price):.20f}".rstrip("0")
    return text.removesuffix(".")


def _lost(row: Mapping[str, Any]) -> Told:
    return {
        "version": row["version"],
        "provider": row["provider"],
        "context_window": row["context_window"],
        "cost_per_1k_tokens": _stated(row),
        "effective_from": _iso(_ms(row["effective_from"])),
        "deprecated": row["deprecated"],
        "updated_at": _iso(_ms(row["updated_at"])),
        "vector_clock": _clock(row),
    }


def _record(at: int, conflict: tuple[str, str], told: Told) -> Told:
    return {"at": _iso(at), "conflict": conflict[0], "resolution": conflict[1]} | told


def _hash(text: str) -> str:
    canonical = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _micros(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def _ms(text: str | None) -> Any:
    return None if text is None else _micros(text) // 1000


def _day(days: int | None) -> str | None:
    return None if days is None else (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def _iso(at: int) -> str:
    return (EPOCH + timedelta(milliseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"
