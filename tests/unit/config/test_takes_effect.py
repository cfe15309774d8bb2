from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from workers.config.block import Block
from workers.config.takes_effect import Live, Restart, TakesEffect, changes, takes_effect, with_live_changes
from workers.config.topics import TopicSpec
from workers.config.topology import Topology, topology_schema
from workers.config.topology_faults import block_of
from workers.config.worker_options import Batch, WorkerOptions
from workers.pipelines.fleet import FLEET, OPTION_MODELS
from workers.pipelines.registry.options import RegistryOptions, Usage

OPTIONS = WorkerOptions(topic="events", group="readers")


def fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field that has a value of its own."""
    for name, field in model.model_fields.items():
        inner = block_of(field.annotation)
        if inner is None or field.default is None:
            yield f"{path}{name}", field
        if inner is not None:
            yield from fields(inner, f"{path}{name}.")


@pytest.mark.parametrize("model", [*OPTION_MODELS.values(), TopicSpec])
def test_every_option_says_when_a_change_counts(model: type[BaseModel]) -> None:
    unmarked = []
    for path, field in fields(model):
        try:
            takes_effect(field)
        except LookupError:
            unmarked.append(path)
    assert unmarked == []


def test_the_other_keys_of_the_file_say_it_too() -> None:
    holders = {"defaults", "topics", "workers"}
    marks = {name: takes_effect(field) for name, field in Topology.model_fields.items() if name not in holders}
    assert marks == {"schemas": TakesEffect.RESTART, "replication_factor": TakesEffect.RESTART}


def test_what_kafka_the_group_or_the_graph_depend_on_needs_a_restart() -> None:
    of_all = {path for path, field in fields(WorkerOptions) if takes_effect(field) is TakesEffect.RESTART}
    assert of_all == {"topic", "group", "order", "session_timeout_seconds", "drain.grace_seconds"}
    of_registry = {path for path, field in fields(RegistryOptions) if takes_effect(field) is TakesEffect.RESTART}
    merge = {path for path in of_registry if path.startswith("merge.")}
    assert of_registry - merge - of_all == {"usage", "usage.topic"}
    assert merge


def test_a_field_without_a_mark_is_a_bug() -> None:
    class Careless(Block):
        forgotten: int = Field(default=1)

    with pytest.raises(LookupError, match="not marked"):
        takes_effect(Careless.model_fields["forgotten"])


def test_the_json_schema_has_the_marks() -> None:
    definitions = topology_schema(OPTION_MODELS)["$defs"]
    assert definitions["Batch"]["properties"]["max_rows"]["x-takes-effect"] == "live"
    assert definitions["Drain"]["properties"]["grace_seconds"]["x-takes-effect"] == "restart"
    assert definitions["TopicSpec"]["properties"]["partitions"]["x-takes-effect"] == "apply"


def test_changes_name_each_key_and_both_values() -> None:
    after = OPTIONS.model_copy(update={"batch": Batch(max_rows=5), "group": "others", "log_level": "DEBUG"})
    assert [(str(each), each.takes_effect) for each in changes(OPTIONS, after)] == [
        ("batch.max_rows: 1000 → 5", TakesEffect.LIVE),
        ("log_level: none → DEBUG", TakesEffect.LIVE),
        ("group: readers → others", TakesEffect.RESTART),
    ]


def test_only_live_keys_are_taken_over_and_the_old_snapshot_stays_as_it_is() -> None:
    after = OPTIONS.model_copy(update={"batch": Batch(max_rows=5), "group": "others"})
    taken = with_live_changes(OPTIONS, after)
    assert (taken.batch.max_rows, taken.group) == (5, "readers")
    assert OPTIONS.batch.max_rows == 1_000


def test_a_block_that_appears_is_one_change() -> None:
    before = RegistryOptions(topic="events", group="readers")
    after = before.model_copy(update={"usage": Usage()})
    (change,) = changes(before, after)
    assert (change.path, change.takes_effect) == (("usage",), TakesEffect.RESTART)
    assert with_live_changes(before, after).usage is None


def test_a_live_option_may_stand_beside_one_that_is_not() -> None:
    class Mixed(Block):
        now: Live[int] = Field(default=1)
        later: Restart[int] = Field(default=1)

    assert with_live_changes(Mixed(), Mixed(now=2, later=2)) == Mixed(now=2, later=1)


def test_our_own_file_names_the_keys_that_need_a_restart() -> None:
    header = (Path(__file__).parents[3] / "topology.yaml").read_text().partition("schemas: ")[0]
    for model in (factory.options for factory in FLEET.values()):
        restart = {path for path, field in fields(model) if takes_effect(field) is TakesEffect.RESTART}
        assert {path.split(".")[0] for path in restart} - {"usage"} - set(
            header.replace(",", " ").replace(".", " ").split()
        ) == set()
