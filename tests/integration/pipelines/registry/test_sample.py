"""The loader, from the command's function to Debezium's records."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
import pytest

from tests.integration.pipelines.registry.change_log import ChangeLog, Seen
from workers.dev.sample.registry.catalogue import catalogue
from workers.dev.sample.registry.change import Change, Kind
from workers.dev.sample.registry.poison import PoisonKind
from workers.dev.sample.registry.random_changes import random_changes
from workers.dev.sample.registry.run import write_registry
from workers.dev.stack.running import RunningStack


async def written(
    stack: RunningStack, changes: Iterable[Change], *, rate: float = 0, poison_percent: float = 0
) -> dict[str, Any]:
    """Run the command's function in a thread, because it starts its own event loop."""
    return await asyncio.to_thread(
        write_registry, stack.registry_database, changes, rate=rate, poison_percent=poison_percent
    )


async def test_every_real_model_arrives_with_its_price_history_and_once(
    stack_with_cdc: RunningStack, database: psycopg.Connection[Any], changes: ChangeLog
) -> None:
    database.execute("TRUNCATE models, model_versions, capabilities")
    await changes.until(lambda seen: [each.told[1] for each in seen] == ["t", "t", "t"])
    changes, wanted = ChangeLog(stack_with_cdc), list(catalogue())
    summary = await written(stack_with_cdc, wanted)
    assert summary["rows_changed"] == summary["changes"] == len(wanted)
    assert (await written(stack_with_cdc, wanted))["rows_changed"] == 0
    seen = await changes.until(lambda seen: len(seen) >= len(wanted))
    assert len(seen) == len(wanted)
    assert _histories(seen) == _histories_wanted(wanted)


def _histories(seen: Sequence[Seen]) -> dict[str, list[str]]:
    """Return each model's ``effective_from``, in the order of its records."""
    histories = defaultdict(list)
    for each in seen:
        if each.fields and each.fields["source"]["table"] == "models":
            histories[each.fields["after"]["model_id"]].append(each.fields["after"]["effective_from"])
    return histories


def _histories_wanted(changes: Sequence[Change]) -> dict[str, list[str]]:
    histories = defaultdict(list)
    for change in changes:
        if change.kind is Kind.MODEL:
            histories[change.columns["model_id"]].append(f"{change.columns['effective_from']:%Y-%m-%dT%H:%M:%S.%fZ}")
    return histories


@pytest.mark.parametrize("rate", [0, 400])
async def test_random_changes_and_bad_rows_all_become_records(
    stack_with_cdc: RunningStack, changes: ChangeLog, name: str, rate: float
) -> None:
    many = random_changes(200, 1, models=5, prefix=name)
    summary = await written(stack_with_cdc, many, rate=rate, poison_percent=10)
    assert len(summary["poison_by_kind"]) == len(PoisonKind)
    rows, by_kind = summary["rows_changed"], summary["rows_changed_by_kind"]
    deleted = by_kind["delete"] + by_kind["no_capability"]
    seen = await changes.until(lambda seen: len(seen) >= rows + deleted)
    assert len(seen) == rows + deleted
    assert sum(each.told[1] == "d" for each in seen) == sum(each.fields is None for each in seen) == deleted
