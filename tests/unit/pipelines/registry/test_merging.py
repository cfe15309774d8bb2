"""The rules of merging one by one, with what is observed of each."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.model.registry_source import BEGINS, KEYS, Change, Source, change, jsonb
from tests.unit.pipelines.registry.applied_plan import AppliedGraph
from tests.unit.pipelines.registry.driven import Table, worker
from workers.core.errors import Rejected
from workers.core.report import Skipped
from workers.core.stage import Stage
from workers.pipelines.registry.fold import parts
from workers.pipelines.registry.fold.state import Conflict, Synced
from workers.pipelines.registry.options import Merge

MODEL = ("Model", "m")
EARLY, LATE = "2024-05-01T00:00:00Z", "2024-06-01T00:00:00.000001Z"
CONCURRENT = ("concurrent_model_update", "last_write_wins_with_timestamp")


class Play:
    """A source, a worker on it and the graph that it writes; each step is a batch."""

    def __init__(self, **merge: dict[str, Any]) -> None:
        self.source = Source()
        self.table = Table(worker(merge=Merge.model_validate(merge)))
        self.graph = AppliedGraph()

    def model(self, provider: str = "acme", written: str = EARLY, **more: Any) -> None:
        clock = more.pop("clock", None)
        metadata = ({"vector_clock": clock} if clock else {}) | more.pop("metadata", {})
        row = {"model_id": "m", "provider": provider, "version": "2024-01-01", "effective_from": written}
        self.source.put("models", row | {"updated_at": written, "metadata": jsonb(metadata)} | more)
        self.take(self.source.log[-1:])

    def capability(self, name: str) -> None:
        self.source.put("capabilities", {"model_id": "m", "capability": name})
        self.take(self.source.log[-1:])

    def delete(self, *key: str) -> None:
        self.source.delete(*key)
        self.take(self.source.log[-1:])

    def take(self, log: Sequence[Change]) -> None:
        self.graph.apply(self.table.take(log))

    @property
    def shown(self) -> dict[str, Any]:
        return self.graph.nodes[MODEL]

    @property
    def conflicts(self) -> list[tuple[str, str]]:
        return [each[:2] for each in self.table.observations if isinstance(each, Conflict)]

    @property
    def skipped(self) -> list[tuple[str, str]]:
        return [each[:2] for each in self.table.observations if isinstance(each, Skipped)]

    def related(self, kind: str) -> list[str]:
        return sorted(other[1] for _, each, other, _ in self.graph.relationships if each == kind)


def test_what_a_change_comes_to_is_told_with_its_commit() -> None:
    play = Play()
    play.model()
    assert play.table.observations == [Synced("model", play.source.log[-1].fields["source"]["ts_ms"])]


@pytest.mark.parametrize(("first", "second", "wins"), [(EARLY, LATE, "b"), (LATE, EARLY, "a"), (EARLY, EARLY, "b")])
def test_of_writers_that_had_not_seen_each_other_the_later_wins_then_the_later_in_the_log(
    first: str, second: str, wins: str
) -> None:
    play = Play()
    play.model("a", first, clock={"eu": 2, "us": 1})
    play.model("b", second, clock={"eu": 1, "us": 2})
    assert play.shown["provider"] == wins
    assert play.conflicts == [CONCURRENT]
    (kept,) = play.shown["history"]
    assert (kept["conflict"], kept["lost"]["provider"]) == (CONCURRENT[0], "ab".replace(wins, ""))


def test_a_concurrent_write_loses_by_a_microsecond() -> None:
    play = Play()
    play.model("a", "2024-05-01T00:00:00.000002Z", clock={"eu": 1})
    play.model("b", "2024-05-01T00:00:00.000001Z", clock={"us": 1})
    assert play.shown["provider"] == "a"


def test_what_lost_leaves_no_price_and_what_it_did_not_send_again_is_not_the_winners() -> None:
    play = Play()
    dear, cheap = jsonb({"input": 9, "output": 9}), jsonb({"input": 1, "output": 1})
    play.model("a", LATE, clock={"eu": 1}, cost_per_1k_tokens=dear)
    play.model("b", EARLY, clock={"us": 1}, cost_per_1k_tokens=cheap)
    assert play.related("HAS_PRICE") == ["m@2024-06-01T00:00:00.000Z"]
    row = dict(play.source.rows["models", ("m",)]) | {"metadata": jsonb({"vector_clock": {"eu": 2, "us": 2}})}
    play.source.put("models", row | {"updated_at": "2024-07-01T00:00:00Z"}, unsent=("cost_per_1k_tokens",))
    play.take(play.source.log[-1:])
    assert play.shown["input_per_1k"] == "1"


def test_a_write_that_another_has_seen_is_stale_and_left_out_by_name() -> None:
    play = Play()
    play.model("a", clock={"eu": 2, "us": 2})
    play.model("b", LATE, clock={"eu": 2, "us": 1})
    assert (play.shown["provider"], play.skipped) == ("a", [("model.updated", "stale_clock")])
    assert play.conflicts == []


@pytest.mark.parametrize(("first", "second"), [(EARLY, LATE), (LATE, EARLY)])
def test_after_a_conflict_a_write_that_either_side_has_seen_is_stale(first: str, second: str) -> None:
    play = Play()
    play.model("a", first, clock={"eu": 2})
    play.model("b", second, clock={"us": 2})
    winner = play.shown["provider"]
    for clock in ({"eu": 1}, {"us": 1}, {"eu": 2, "us": 1}):
        play.model("stale", "2024-07-01T00:00:00Z", clock=clock)
        assert (play.shown["provider"], play.skipped) == (winner, [("model.updated", "stale_clock")])
        assert (play.conflicts, len(play.shown["history"])) == ([], 1)
    play.model("c", "2024-07-01T00:00:00Z", clock={"eu": 3, "us": 2})
    assert (play.shown["provider"], play.conflicts) == ("c", [])


@pytest.mark.parametrize("clock", [{"eu": 1}, {"us": 1}])
def test_another_row_that_a_snapshot_reads_counts_whatever_its_clock_says(clock: dict[str, int]) -> None:
    play = Play()
    play.model("lost", LATE, clock={"eu": 2})
    row = play.source.rows["models", ("m",)]
    row |= {"provider": "here", "updated_at": EARLY, "metadata": jsonb({"vector_clock": clock})}
    play.source.snapshot()
    play.take(play.source.log[-1:])
    assert (play.shown["provider"], play.skipped, play.conflicts) == ("here", [], [])
    play.model("next", EARLY, clock={"eu": 2})
    assert play.shown["provider"] == "next", "its clock is the one that counts from then on"


def test_a_row_that_lost_loses_again_when_a_snapshot_reads_it() -> None:
    play = Play()
    play.model("a", LATE, clock={"eu": 1})
    play.model("b", EARLY, clock={"us": 1})
    play.source.snapshot()
    play.take(play.source.log[-1:])
    assert (play.shown["provider"], play.skipped) == ("a", [("model.read", "stale_clock")])


@pytest.mark.parametrize(("ours", "theirs"), [(None, {"eu": 1}), ({"eu": 1}, None), ({"eu": 1}, {"eu": 1})])
def test_without_two_different_clocks_the_order_of_the_log_counts(ours: Any, theirs: Any) -> None:
    play = Play()
    play.model("a", LATE, clock=ours)
    play.model("b", EARLY, clock=theirs)
    assert (play.shown["provider"], play.conflicts) == ("b", [])


def test_the_first_wins_where_the_topology_says_so() -> None:
    play = Play(model_metadata={"conflict_resolution": "first_wins"})
    play.model("a", EARLY, clock={"eu": 1})
    play.model("b", LATE, clock={"us": 1})
    assert (play.shown["provider"], play.conflicts) == ("a", [("concurrent_model_update", "first_wins")])


def test_later_rows_are_left_out_where_only_inserts_count() -> None:
    play = Play(model_metadata={"strategy": "insert_only"})
    play.model("a")
    play.model("b", LATE)
    assert (play.shown["provider"], play.skipped) == ("a", [("model.updated", "insert_only")])


def test_a_list_that_differs_from_the_table_is_united_with_it_and_told() -> None:
    play = Play()
    play.capability("chat")
    play.model(metadata={"capabilities": ["chat", "vision"]})
    assert play.related("HAS_CAPABILITY") == ["chat", "vision"]
    assert play.conflicts == [("capability_divergence", "union_merge_with_audit_log")]
    (record,) = play.shown["history"]
    assert (record["only_listed"], record["only_in_table"]) == (["vision"], [])


def test_a_row_that_the_list_before_it_lacks_is_a_divergence() -> None:
    play = Play()
    play.model(metadata={"capabilities": ["chat", "vision"]})
    play.capability("tools")
    assert play.conflicts == [("capability_divergence", "union_merge_with_audit_log")]
    assert play.related("HAS_CAPABILITY") == ["chat", "tools", "vision"]
    (record,) = play.shown["history"]
    assert (record["only_listed"], record["only_in_table"]) == (["chat", "vision"], ["tools"])
    for name in ("chat", "vision"):
        play.capability(name)
        assert play.conflicts == [], "they differ in less than before"


def test_a_listed_name_without_a_row_is_found_when_the_first_row_comes() -> None:
    play = Play()
    play.model(metadata={"capabilities": ["chat", "vision"]})
    play.capability("chat")
    (record,) = play.shown["history"]
    assert (record["only_listed"], record["only_in_table"]) == (["vision"], [])


def test_a_removed_row_is_a_removal_and_no_divergence_whatever_the_list_still_says() -> None:
    play = Play()
    play.model(metadata={"capabilities": ["chat", "vision"]})
    play.capability("chat")
    play.capability("vision")
    assert play.conflicts == []
    play.delete("capabilities", "m", "vision")
    assert (play.related("HAS_CAPABILITY"), play.conflicts) == (["chat"], [])
    play.model(provider="b", metadata={"capabilities": ["chat", "vision"]})
    assert (play.related("HAS_CAPABILITY"), play.conflicts) == (["chat"], [])


def test_the_table_wins_where_the_topology_says_so() -> None:
    play = Play(capabilities={"conflict_resolution": "table_wins"})
    play.model(metadata={"capabilities": ["vision"]})
    assert play.related("HAS_CAPABILITY") == ["vision"]
    play.capability("chat")
    assert play.related("HAS_CAPABILITY") == ["chat"]


def test_a_deleted_model_stays_with_its_grace_and_comes_back_without() -> None:
    play = Play(deleted_models={"grace_days": 7})
    play.model()
    play.delete("models", "m")
    at = play.source.log[-1].fields["source"]["ts_ms"]
    assert (play.shown["deleted_at"], play.shown["purge_after"]) == (at, at + 7 * 86_400_000)
    play.model("b")
    assert {"deleted_at", "purge_after"} & play.shown.keys() == set()
    assert (play.shown["provider"], play.conflicts) == ("b", [])


def test_every_deletion_is_kept_so_that_calls_that_come_later_still_count_against_it() -> None:
    play = Play()
    deleted = []
    for provider in ("a", "b"):
        play.model(provider)
        play.delete("models", "m")
        deleted.append(play.source.log[-1].fields["source"]["ts_ms"])
    play.model("c")
    assert (play.shown["deletions"], "deleted_at" in play.shown) == (deleted, False)


def test_aliases_that_change_alone_hold_from_the_commit_others_from_their_rows_beginning() -> None:
    play = Play()
    play.model(written=EARLY, metadata={"aliases": ["x"]})
    assert "alias_history" not in play.shown
    early = 1_714_521_600_000
    play.source.lsn = early  # commits come after both rows have begun
    play.model(written=EARLY, metadata={"aliases": []})
    at = play.source.log[-1].fields["source"]["ts_ms"]
    assert json.loads(play.shown["alias_history"]) == [[early, ["x"]], [at, []]]
    play.model(written=LATE, metadata={"aliases": ["y"]})
    late = 1_717_200_000_000
    assert json.loads(play.shown["alias_history"]) == [[early, ["x"]], [late, ["y"]]], "its row had ended by then"


def test_deprecated_models_are_flagged_unless_the_topology_says_otherwise() -> None:
    for flag, shown in ((True, True), (False, None)):
        play = Play(deprecated_models={"action": "add_deprecated_flag" if flag else "ignore"})
        play.model(deprecated=True)
        assert play.shown.get("deprecated") is shown


@pytest.mark.parametrize(("mirror", "left"), [(False, ["m@v1", "m@v2"]), (True, ["m@v2"])])
def test_a_version_whose_row_was_deleted_stays_marked_or_leaves(*, mirror: bool, left: list[str]) -> None:
    play = Play(version_info={"strategy": "mirror" if mirror else "append"})
    for version in ("v1", "v2"):
        play.source.put("model_versions", {"model_id": "m", "version": version, "changelog": "new"})
    play.take(play.source.log)
    play.delete("model_versions", "m", "v1")
    assert play.related("HAS_VERSION") == left
    gone = play.graph.nodes["ModelVersion", "m@v1"]
    assert (gone["changelog"], gone["deleted_at"]) == ("new", play.source.log[-1].fields["source"]["ts_ms"])


def test_other_contents_under_a_published_version_are_a_mismatch_and_the_latest_counts() -> None:
    play = Play()
    row = {"schema_id": "s", "version": "1.0.0", "compatible_models": []}
    for schema in ({"type": "object"}, {"type": "object"}, {"type": "array"}):
        play.source.put("schemas", row | {"json_schema": jsonb(schema)})
    play.take(play.source.log)
    assert play.conflicts == [("schema_version_mismatch", "fetch_latest_from_registry")]
    shown = play.graph.nodes["SchemaVersion", "s@1.0.0"]
    assert json.loads(shown["json_schema"]) == {"type": "array"}
    assert len(shown["history"]) == 1


def test_a_row_that_nothing_has_told_of_cannot_be_deleted() -> None:
    play = Play()
    keys = {"models": {"model_id": "m"}, "model_versions": {"model_id": "m", "version": "v"}}
    play.take([change(table, "d", row) for table, row in keys.items()])
    assert (play.graph.nodes, [reason for _, reason in play.skipped]) == ({}, ["unknown_row"] * 2)


def test_a_restored_database_begins_its_log_anew_and_is_believed() -> None:
    play = Play()
    row = {"model_id": "m", "metadata": "{}"}
    play.take([change("models", "c", row | {"provider": "a"}, lsn=9_000, ts_ms=BEGINS)])
    play.take([change("models", "u", row | {"provider": "b"}, lsn=10, ts_ms=BEGINS + 60_000)])
    assert play.shown["provider"] == "b"
    play.take([change("models", "u", row | {"provider": "a"}, lsn=9, ts_ms=BEGINS + 59_000)])
    assert (play.shown["provider"], play.skipped) == ("b", [("model.updated", "redelivered")])


def test_a_change_without_a_place_in_the_log_counts_by_kafkas_order() -> None:
    play = Play()
    row = {"model_id": "m", "metadata": "{}"}
    first, read = (change("models", "r", row | {"provider": name}, lsn) for name, lsn in (("a", 50), ("b", None)))
    play.take([first, read])
    assert play.shown["provider"] == "b"
    play.take([change("models", "u", row | {"provider": "late"}, lsn=40)])
    assert (play.shown["provider"], len(play.skipped)) == ("b", 1)


@pytest.mark.parametrize(
    ("room", "limit", "table", "code"),
    [
        (parts, "MAX_VERSIONS_IN_STATE", "model_versions", "version.too_many"),
        (parts, "MAX_VERSIONS_IN_STATE", "schemas", "schema.too_many"),
        (parts, "MAX_CAPABILITIES_IN_STATE", "capabilities", "capability.too_many"),
    ],
)
def test_a_model_or_schema_with_too_many_parts_turns_further_ones_away(
    monkeypatch: pytest.MonkeyPatch, room: Any, limit: str, table: str, code: str
) -> None:
    monkeypatch.setattr(room, limit, 2)
    play = Play()
    row, column = {"model_id": "m", "schema_id": "s", "json_schema": "{}"}, KEYS[table][1]
    play.take([change(table, "c", row | {column: part}, lsn) for lsn, part in enumerate(("p1", "p2", "p1"))])
    with pytest.raises(Rejected) as caught:
        play.take([change(table, "c", row | {column: "p3"}, 9)])
    assert (caught.value.stage, caught.value.code) == (Stage.ENRICH, code)
