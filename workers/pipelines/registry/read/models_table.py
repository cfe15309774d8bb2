"""A row of ``models``, read and checked."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from workers.core.checks import check_size, check_unicode
from workers.pipelines.registry.events import UNSENT, Metadata, ModelRow, Prices
from workers.pipelines.registry.limits import MAX_NAME_BYTES
from workers.pipelines.registry.options import Accept
from workers.pipelines.registry.read.columns import Row, day, document, flag, key, micros, millis, name, text, whole
from workers.pipelines.registry.read.model_rules import Check, model_check
from workers.pipelines.registry.read.prices import price_tiers, price_variants, prices


def models_table(accept: Accept) -> Callable[[Row], ModelRow]:
    """Return the reader of a row. It rejects rows that ``accept`` does not allow."""
    check = model_check(accept)
    return lambda row: _read(row, check)


def _read(row: Row, check: Check) -> ModelRow:
    cost, metadata = _json(row, "cost_per_1k_tokens"), _json(row, "metadata")
    read = ModelRow(
        model_id=key(row, "model_id"),
        version=name(row, "version"),
        provider=name(row, "provider"),
        context_window=whole(row, "context_window"),
        training_cutoff=day(row, "training_cutoff"),
        prices=UNSENT if cost is UNSENT else Prices(),
        effective_from=millis(row, "effective_from"),
        deprecated=flag(row, "deprecated"),
        metadata=UNSENT if metadata is UNSENT else Metadata(),
        updated_at=micros(row, "updated_at"),
    )
    listed = metadata.get("capabilities") if isinstance(metadata, dict) else None
    check(read._asdict() | {"cost_per_1k_tokens": cost, "metadata": metadata, "capabilities": listed})
    if isinstance(cost, dict):
        read = read._replace(prices=prices(cost))
    if isinstance(metadata, dict):
        read = read._replace(metadata=_metadata(metadata, row["metadata"]), text=row["metadata"])
    return read


def digest(text_: str) -> str:
    """Return the digest of a text that is only passed on."""
    return hashlib.blake2b(text_.encode(), digest_size=16).hexdigest()


def _json(row: Row, column: str) -> Any:
    """Read a column of JSON; a missing one is ``None``, like JSON's null."""
    value = text(row, column)
    return document(column, value) if isinstance(value, str) else value


def _metadata(metadata: Mapping[str, Any], text: str) -> Metadata:
    listed = metadata.get("capabilities")
    aliases = metadata.get("aliases", ())
    clock = metadata.get("vector_clock", {})
    for each in (*aliases, *(listed or ()), *clock):
        check_size("metadata", each, MAX_NAME_BYTES)
        check_unicode("metadata", each)
    return Metadata(
        name=metadata.get("name"),
        aliases=tuple(dict.fromkeys(aliases)),
        capabilities=None if listed is None else tuple(sorted(set(listed))),
        clock=tuple(sorted(clock.items())),
        digest=digest(text),
        price_tiers=price_tiers(metadata),
        price_variants=price_variants(metadata),
    )
