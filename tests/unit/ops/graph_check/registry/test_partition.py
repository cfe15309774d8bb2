"""Models and schemas: no difference by the naive model, and each edit of it by name."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from tests.model.naive_model import Graph
from tests.model.naive_registry import naive_registry
from tests.model.registry_changes import Registry
from tests.model.registry_source import Change, Source, jsonb
from tests.model.traffic import seeded
from tests.unit.pipelines.registry.driven import WORKER, events, keyed, worker
from workers.core.record import ConsumedRecord
from workers.ops.graph_check.compare import Judged
from workers.ops.graph_check.content import Edge, Expected, Found
from workers.ops.graph_check.finding import Kind
from workers.ops.graph_check.registry.expected import expected_of
from workers.ops.graph_check.registry.folded import FoldedSubject, fold_into
from workers.ops.graph_check.registry.found import plain, state_node
from workers.ops.graph_check.registry.partition import judge
from workers.pipelines.registry.options import Merge

COMPARED = ("HAS_VERSION", "HAS_PRICE", "HAS_CAPABILITY")
MODEL = ("Model", "m")
LONG_AGO = 0


def folded(log: list[Change]) -> list[FoldedSubject]:
    subjects: dict[str, FoldedSubject] = {}
    records = [(ConsumedRecord("r", 0, offset, 0, b"k", None), event) for offset, event in enumerate(events(log))]
    fold_into(subjects, keyed(WORKER), records)
    return list(subjects.values())


def found_in(graph: Graph, subject: FoldedSubject, expected: Expected) -> Found:
    """Return a subject of the naive model; its state, which that does not have, is the one that is expected."""
    found = Found()
    found.folded[state_node(subject)] = subject.state.dump()
    for node in expected.nodes.keys() | expected.bare:
        if node in graph.nodes:
            found.nodes[node] = _written(graph.nodes[node], expected.nodes.get(node, {}))
    for one, kind, other, properties in graph.relationships:
        if one in found.nodes and one[0] in {"Model", "Schema"} and kind in COMPARED and one in _owners(expected):
            found.nodes.setdefault(other, dict(graph.nodes[other]))
            found.relate((one, kind, other), dict(properties))
    return found


def _owners(expected: Expected) -> set[Any]:
    """Return the models and schemas that are compared; others are only named."""
    return {one for one, _, _ in expected.edges} | set(expected.nodes)


def _written(properties: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties as the worker writes them: the model has decoded JSON."""
    written = dict(properties)
    for name in ("history",):
        if (
            name in written
            and name in expected
            and [json.loads(each) for each in expected.get(name, [])] == written[name]
        ):
            written[name] = expected[name]
    return written


def judged(log: list[Change], graph: Graph, edit: Callable[[Found], Any] = lambda _: None, **how: Any) -> list[Judged]:
    every: list[Judged] = []
    for subject in folded(log):
        expected = expected_of(subject, WORKER.plan)
        found = found_in(graph, subject, expected)
        edit(found)
        every.append(judge(subject, expected, found, **{"whole": True, "now_ms": LONG_AGO} | how))
    return every


@pytest.mark.parametrize("seed", range(16))
def test_the_graph_of_the_naive_model_has_no_difference(seed: int) -> None:
    registry = Registry(seeded(seed), "n", 4)
    for _ in range(80):
        registry.change()
    every = judged(registry.delivered(), naive_registry(registry.source.log))
    assert len(every) > 2
    assert [each.differences for each in every] == [[]] * len(every)


def a_model() -> list[Change]:
    source = Source()
    cost, metadata = jsonb({"input": 1, "output": 2}), jsonb({"capabilities": ["vision"]})
    row = {
        "model_id": "m",
        "provider": "openai",
        "version": "2024-01-01",
        "cost_per_1k_tokens": cost,
        "metadata": metadata,
        "deprecated": False,
    }
    source.put("models", row | {"effective_from": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"})
    return source.log


def named(edit: Callable[[Found], Any], **how: Any) -> set[tuple[Kind, Any, str | None]]:
    (one,) = judged(a_model(), naive_registry(a_model()), edit, **how)
    return {(each.kind, each.node, each.name) for each in one.differences}


def test_a_model_as_it_must_be_has_no_difference() -> None:
    assert named(lambda _: None) == set()


@pytest.mark.parametrize("name", ["provider", "version", "input_per_1k", "effective_from", "stub"])
def test_a_changed_property_is_named(name: str) -> None:
    assert named(lambda found: found.nodes[MODEL].update({name: "edited"})) == {(Kind.PROPERTY, MODEL, name)}


def test_what_other_workers_and_clocks_write_is_no_difference() -> None:
    assert named(lambda found: found.nodes[MODEL].update(sync_timestamp=7, deletions_in_use=["x"])) == set()


def test_each_removed_node_and_relationship_is_named() -> None:
    (one,) = judged(a_model(), naive_registry(a_model()))
    assert {kind for _, kind, _ in one.found.edges} == set(COMPARED)
    for edge in one.found.edges:
        assert named(partial(_removed, edge)) == {
            (Kind.MISSING_RELATIONSHIP, MODEL, f"{edge[1]} to {edge[2][0]} {edge[2][1]}")
        }
    for node in one.found.nodes:
        assert (Kind.MISSING_NODE, node, None) in named(partial(_without, node))


def _removed(edge: Edge, found: Found) -> None:
    del found.edges[edge]


def _without(node: Any, found: Found) -> None:
    del found.nodes[node]


def test_a_version_that_no_row_names_is_named() -> None:
    edge = MODEL, "HAS_VERSION", ("ModelVersion", "m@9")
    assert named(lambda found: found.relate(edge, {})) == {
        (Kind.UNEXPLAINED_RELATIONSHIP, MODEL, "HAS_VERSION to ModelVersion m@9")
    }


@pytest.mark.parametrize("state", [b"{}", b"edited", "a text", None])
def test_another_state_is_named(state: object) -> None:
    node = ("WorkerState", "registry/model/m")
    assert named(lambda found: found.folded.update({node: state})) == {(Kind.PROPERTY, node, "state")}


def test_a_model_with_changes_from_before_the_topic_is_not_compared() -> None:
    node = ("WorkerState", "registry/model/m")

    def older(found: Found) -> None:
        found.folded[node] = b'["model", ["m"]]'
        found.nodes[MODEL]["provider"] = "of an older change"

    (one,) = judged(a_model(), naive_registry(a_model()), older, whole=False)
    assert (one.differences, one.is_older) == ([], True)
    (same,) = judged(a_model(), naive_registry(a_model()), lambda found: found.nodes.pop(MODEL), whole=False)
    assert (bool(same.differences), same.is_older) == (True, False)


def test_a_deleted_model_may_be_gone_once_its_grace_has_passed() -> None:
    source = Source()
    for change in a_model():
        source.put("models", change.fields["after"])
    source.delete("models", "m")
    graph = naive_registry(source.log)
    due = graph.nodes[MODEL]["purge_after"]

    def purged(found: Found) -> None:
        found.nodes.clear()
        found.edges.clear()

    for now, differs in ((due - 1, True), (due, False)):
        (one,) = judged(source.log, graph, purged, now_ms=now)
        assert bool(one.differences) is differs
    (again,) = judged(source.log, graph, lambda found: found.nodes[MODEL].update(provider="x"), now_ms=due)
    assert again.differences, "it is still there"


def test_what_a_job_has_added_to_the_history_is_left_out() -> None:
    shown = plain({"model_id": "m", "history": ["lost", "in use"], "deletions_in_use": ["in use"]})
    assert shown["history"] == ["lost"]


def test_a_missing_node_is_named_once() -> None:
    (one,) = judged(a_model(), naive_registry(a_model()), lambda found: found.nodes.pop(MODEL))
    assert [each.kind for each in one.differences if each.node == MODEL].count(Kind.MISSING_NODE) == 1


def a_schema() -> list[Change]:
    source = Source()
    row = {"schema_id": "s", "version": "1", "json_schema": '{"type": "object"}', "compatible_models": ["m"]}
    source.put("schemas", row | {"published_at": "2024-01-01T00:00:00Z"})
    source.put("schemas", row | {"published_at": "2024-02-01T00:00:00Z"}, unsent=("json_schema",))
    return source.log


def test_contents_of_a_schema_that_no_change_has_sent_are_not_compared() -> None:
    version = ("SchemaVersion", "s@1")
    (one,) = [each for each in judged(a_schema()[1:], naive_registry(a_schema())) if version in each.expected.nodes]
    assert one.differences == []
    for properties, differs in (({"hash": "x", "json_schema": "y"}, False), ({"published_at": 1}, True)):
        every = judged(a_schema()[1:], naive_registry(a_schema()), partial(_updated, version, properties))
        assert any(each.differences for each in every) is differs


def _updated(node: Any, properties: dict[str, Any], found: Found) -> None:
    found.nodes[node].update(properties)


def test_a_deleted_version_no_longer_belongs_to_its_model_where_versions_are_mirrored() -> None:
    source = Source()
    source.put("models", a_model()[0].fields["after"])
    source.put("model_versions", {"model_id": "m", "version": "2023-01-01", "released_at": None})
    source.delete("model_versions", "m", "2023-01-01")
    edge = MODEL, "HAS_VERSION", ("ModelVersion", "m@2023-01-01")
    (subject,) = folded(source.log)
    for mirror in (True, False):
        spec = worker(merge=Merge.model_validate({"version_info": {"strategy": "mirror"}} if mirror else {}))
        assert (edge in expected_of(subject, spec.plan).edges) is not mirror
