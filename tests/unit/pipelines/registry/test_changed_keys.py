"""An update of a primary key: the row leaves its old key, and nothing of it stays there."""

from typing import Any

import pytest

from tests.model.registry_source import change
from tests.unit.pipelines.registry.applied_plan import AppliedGraph
from tests.unit.pipelines.registry.driven import Table
from tests.unit.pipelines.registry.rows import ROWS, parsed
from workers.core.errors import Rejected
from workers.pipelines.registry.events import CapabilityDeleted, Deletion, SchemaDeleted, VersionDeleted

PLACEHOLDER = "__debezium_unavailable_value"
KEYS: dict[str, tuple[str, str]] = {
    "model_versions": ("gpt-4-turbo", "20240408"),
    "schemas": ("tool-calling-v1", "0.9.0"),
    "capabilities": ("gpt-4-turbo", "visoin"),
}


@pytest.mark.parametrize(
    ("table", "gone"),
    [
        ("model_versions", VersionDeleted("gpt-4-turbo", "20240408")),
        ("schemas", SchemaDeleted("tool-calling-v1", "0.9.0")),
        ("capabilities", CapabilityDeleted("gpt-4-turbo", "visoin")),
    ],
)
def test_the_row_under_its_old_key_is_deleted(table: str, gone: Deletion) -> None:
    event = parsed(change(table, "u", ROWS[table], old_key=KEYS[table]))

    assert event.replaced == gone
    assert event.change == parsed(change(table, "c", ROWS[table])).change


@pytest.mark.parametrize("table", KEYS)
def test_a_table_with_full_identity_sends_the_row_before_each_update_and_replaces_nothing(table: str) -> None:
    sent = change(table, "u", ROWS[table])

    assert parsed(sent._replace(fields=sent.fields | {"before": sent.fields["after"]})).replaced is None


def test_a_misspelt_capability_that_is_corrected_is_gone() -> None:
    graph, table = AppliedGraph(), Table()
    row = {"model_id": "gpt-4o", "capability": "imgae", "added_at": "2024-04-09T00:00:00Z"}
    graph.apply(table.take([change("capabilities", "c", row, 10)]))
    corrected = change("capabilities", "u", row | {"capability": "image"}, 20, old_key=("gpt-4o", "imgae"))
    graph.apply(table.take([corrected]))

    assert _named(graph, "HAS_CAPABILITY") == {"image"}
    assert table.take([corrected]) == [], "delivered again, it changes nothing"


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("model_versions", {"changelog": PLACEHOLDER}),
        ("schemas", {"json_schema": PLACEHOLDER}),
        ("schemas", {"compatible_models": [PLACEHOLDER]}),
    ],
)
def test_a_large_column_that_the_new_key_comes_without_is_a_dead_letter_that_names_it(
    table: str, columns: dict[str, Any]
) -> None:
    with pytest.raises(Rejected, match=f"{next(iter(columns))} was not sent .* ALTER TABLE {table}") as caught:
        parsed(change(table, "u", ROWS[table] | columns, old_key=KEYS[table]))
    assert caught.value.code == "column.unsent"


def test_a_model_under_a_new_id_is_an_insertion_which_must_be_whole_too() -> None:
    with pytest.raises(Rejected, match="metadata was not sent") as caught:
        parsed(change("models", "c", ROWS["models"] | {"metadata": PLACEHOLDER}))
    assert caught.value.code == "column.unsent"


def test_one_change_of_two_subjects_is_refused() -> None:
    with pytest.raises(Rejected, match=r"model_id was 'gpt-4' and is 'gpt-4-turbo'.*message\.key\.columns") as caught:
        parsed(change("capabilities", "u", ROWS["capabilities"], old_key=("gpt-4", "vision")))
    assert caught.value.code == "key.mismatch"


def _named(graph: AppliedGraph, kind: str) -> set[str]:
    return {other[1] for _, found, other, *_ in graph.relationships if found == kind}
