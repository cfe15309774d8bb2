from typing import Any

import pytest

from tests.unit.pipelines.evolution.decisions import hash_of, named, parsed
from workers.core.errors import Rejected
from workers.pipelines.evolution.events import Decided, Due, Executed, Published, RolledBack
from workers.pipelines.evolution.limits import MAX_NAME_BYTES, MAX_WHY_BYTES
from workers.pipelines.evolution.read.parse import DAY_MS
from workers.pipelines.evolution.states import ChangeClass

SUBJECT = {"event_id": "e", "migration_id": named("2"), "schema_id": "tool", "version": "2", "at": 7}
PUBLISHED = SUBJECT | {
    "hash": hash_of("2"),
    "against_version": "1",
    "against_hash": None,
    "change_class": "forward",
    "why": "narrower",
    "compatible_models": ["b", "a", "b"],
    "published_at": None,
}
DECIDED = SUBJECT | {"approved": True, "by": "ada", "why": "planned"}


def test_a_published_version_is_read_with_its_models_in_order_each_once() -> None:
    event = parsed("SchemaPublished", PUBLISHED)
    assert event[:4] == ("schema.published", named("2"), "tool", 7)
    assert event.change == Published("2", hash_of("2"), "1", ChangeClass.FORWARD, "narrower", ("a", "b"), None)


@pytest.mark.parametrize(
    ("record", "fields", "change"),
    [
        ("MigrationDecided", DECIDED, Decided(approved=True, by="ada", why="planned")),
        ("MigrationDue", SUBJECT | {"why": "over"}, Due("over")),
        ("MigrationExecuted", SUBJECT, Executed()),
        ("MigrationRolledBack", SUBJECT | {"why": "wrong"}, RolledBack("wrong")),
    ],
)
def test_every_other_event_is_read(record: str, fields: dict[str, Any], change: Any) -> None:
    assert parsed(record, fields).change == change


@pytest.mark.parametrize(
    ("record", "fields", "code", "names"),
    [
        ("SchemaNotification", SUBJECT, "record.unknown", "MigrationDecided"),
        ("MigrationDecided", DECIDED | {"by": ""}, "field.missing", "by"),
        ("MigrationDecided", DECIDED | {"why": ""}, "field.missing", "why"),
        ("MigrationDecided", DECIDED | {"why": "a" * (MAX_WHY_BYTES + 1)}, "field.too_large", "why"),
        ("MigrationExecuted", SUBJECT | {"migration_id": "a" * (7 * MAX_NAME_BYTES + 1)}, "field.too_large", "id"),
        ("MigrationDecided", DECIDED | {"by": "\ud800"}, "field.not_unicode", "by"),
        ("MigrationExecuted", SUBJECT | {"at": -1}, "number.out_of_range", "at"),
        ("MigrationExecuted", SUBJECT | {"at": 2**62}, "number.out_of_range", "at"),
        ("MigrationExecuted", SUBJECT | {"at": DAY_MS + 1}, "timestamp.in_future", "at"),
        ("SchemaPublished", PUBLISHED | {"version": "3"}, "migration_id.mismatch", named("2")),
        ("SchemaPublished", PUBLISHED | {"change_class": "odd"}, "change_class.unknown", "backward"),
        ("SchemaPublished", PUBLISHED | {"against_version": ""}, "field.missing", "against_version"),
        ("SchemaPublished", PUBLISHED | {"published_at": -1}, "number.out_of_range", "published_at"),
        ("SchemaPublished", PUBLISHED | {"compatible_models": ["m", ""]}, "field.missing", "compatible_models"),
    ],
)
def test_what_cannot_be_is_turned_away_with_field_and_fix(record: str, fields: Any, code: str, names: str) -> None:
    with pytest.raises(Rejected, match=names) as caught:
        parsed(record, fields)
    assert caught.value.code == code


def test_a_record_is_keyed_by_its_schema() -> None:
    with pytest.raises(Rejected, match="key the record by schema_id") as caught:
        parsed("MigrationExecuted", SUBJECT, key=b"another")
    assert caught.value.code == "key.mismatch"
