from typing import Any

import pytest

from tests.unit.pipelines.evolution.decisions import parsed
from workers.core.job import Publish
from workers.pipelines.evolution.events import Published
from workers.pipelines.evolution.jobs.find_versions import CONTENTS_GONE, FindVersions
from workers.pipelines.evolution.jobs.queries import REPEAT_MS
from workers.pipelines.evolution.states import ChangeClass

ROW: dict[str, Any] = {
    "schema_id": "tool",
    "version": "2",
    "hash": "h" * 64,
    "json_schema": '{"enum": [1, 2]}',
    "published_at": 5,
    "compatible_models": ["m"],
    "current_version": "1",
    "current_hash": "g" * 64,
    "current_json_schema": '{"enum": [1]}',
}


def step(**row: Any) -> tuple[Publish, Any]:
    (taken,) = FindVersions("log").steps([ROW | row], 9)
    (effect,) = taken.effects
    assert isinstance(effect, Publish)
    return effect, taken.record


def test_a_version_goes_into_the_log_with_its_class_and_then_the_graph_remembers_that_it_was_told() -> None:
    effect, record = step()
    assert (effect.topic, effect.key) == ("log", b"tool")
    event = parsed(effect.record_name, effect.fields)
    assert (event.migration_id, event.at) == (f"tool@2#{'h' * 12}", 9)
    assert isinstance(event.change, Published)
    assert event.change[:4] == ("2", "h" * 64, "1", ChangeClass.BACKWARD)
    assert event.change.compatible_models == ("m",)
    assert record.parameters == {"version_id": "tool@2", "migration_id": event.migration_id, "now": 9}


@pytest.mark.parametrize(
    ("row", "change_class", "why"),
    [
        ({"current_version": None, "current_json_schema": None}, "backward", "first version"),
        ({"json_schema": '{"enum": [3]}'}, "breaking", "does not"),
        ({"current_version": "2"}, "breaking", CONTENTS_GONE.why),
        ({"current_json_schema": None}, "breaking", "no JSON Schema"),
    ],
)
def test_it_is_classed_against_what_is_current(row: dict[str, Any], change_class: str, why: str) -> None:
    effect, _ = step(**row)
    assert effect.fields["change_class"] == change_class
    assert why in effect.fields["why"]


def test_all_schemas_are_looked_at_until_none_is_left_then_those_that_have_changed_lately() -> None:
    job, later = FindVersions("log"), 10 * 60_000
    rounds = [(5, 2), (6, 1), (7, 0), (8, 1), (9, 0), (6 + later, 0), (7 + later, 0), (8 + later, 0)]
    of_all = []
    for now_ms, found in rounds:
        of_all.append("sync_timestamp" not in job.query(now_ms).cypher)
        assert len(list(job.steps([ROW] * found, now_ms))) == found
    assert of_all == [True, True, True, False, False, False, True, False]


def test_what_was_told_is_asked_for_again_after_a_while() -> None:
    assert FindVersions("log").query(REPEAT_MS + 3).parameters["announced_before"] == 3
