"""``graph verify`` over a graph that a worker has written, as it is, and with one edit after the other."""

from collections import Counter
from typing import Any

import pytest

from tests.integration.ops.graph_check.conftest import PARTITIONS, TRACES, send
from tests.integration.ops.graph_check.verified import Difference, Written
from tests.model.naive_model import naive_model
from tests.model.traffic import Maker, seeded

EVERYTHING = """
MATCH (n:Invocation|Error|PerformanceMetric|Watermark|ModelName) WHERE coalesce(n.key, n.id) CONTAINS $name
RETURN properties(n) AS node, COLLECT { MATCH (n)-[r]->(o) RETURN [type(r), elementId(o)] } AS related
ORDER BY coalesce(n.key, n.id)
"""
COUNT = "MATCH (n:{label}) WHERE n.id STARTS WITH $name RETURN count(n) AS count"


def test_what_the_worker_wrote_has_no_difference_and_is_left_as_it_is(written: Written) -> None:
    before = written.query(EVERYTHING)
    found = written.verify("--all")
    assert written.query(EVERYTHING) == before
    assert found["differences"] == []
    traces = found["traces"]
    assert traces["compared"] > PARTITIONS * TRACES / 2
    assert (traces["older"], traces["changing"]) == (0, 0)
    assert traces["dead_letters"] > PARTITIONS, "the rules of today would accept them"
    (calls,) = written.query("MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN count(i) AS count")
    (errors,) = written.query(COUNT.format(label="Error"))
    assert (traces["nodes"]["Invocation"], traces["nodes"]["Error"]) == (calls["count"], errors["count"])
    marks = [each for each in found["watermarks"] if each["topic"] == written.scene.topic]
    assert [(each["partition"], each["lag"], each["fault"]) for each in marks] == [(0, 0, None), (1, 0, None)]


def test_a_sample_compares_a_part_of_it_and_another_seed_another_part(written: Written) -> None:
    one, other = written.verify("--sample", "30%"), written.verify("--sample", "30%", "--seed", "7")
    assert one["differences"] == other["differences"] == []
    for found in (one, other):
        assert 0 < found["traces"]["compared"] < 2 * PARTITIONS * TRACES * 0.6
    assert one["traces"]["nodes"] != other["traces"]["nodes"]


def test_what_the_graph_does_not_have_yet_is_lag(written: Written) -> None:
    maker = Maker(seeded(5), f"{written.scene.name}-lag")
    trace = written.one("(i:Invocation)")
    maker.send("LLMInvocationEvent", maker.invocation(trace, "late", [], "start"))
    maker.send("LLMInvocationEvent", maker.invocation(f"{written.scene.name}-new", "s", [], "start"))
    send(written.scene, 0, maker.log)
    found = written.verify("--all")
    assert found["differences"] == []
    marks = {each["partition"]: each["lag"] for each in found["watermarks"] if each["topic"] == written.scene.topic}
    assert marks == {0: 3, 1: 0}
    assert len(naive_model(maker.log).nodes) > 2, "nodes that are not there"


EDITS: list[Any] = [
    pytest.param(
        "(i:Invocation)",
        "MATCH (i:Invocation {trace_id: $trace}) WITH i LIMIT 1 SET i.user_id = 'edited'",
        {("property", "user_id")},
        id="property changed",
    ),
    pytest.param(
        "(i:Invocation)",
        "MATCH (i:Invocation {trace_id: $trace}) WITH i LIMIT 1 SET i.timestamp = 'noon'",
        {("property", "timestamp")},
        id="time changed into a text",
    ),
    pytest.param(
        "(i:Invocation WHERE i.cost_usd > 0)",
        "MATCH (i:Invocation WHERE i.trace_id = $trace AND i.cost_usd > 0) WITH i LIMIT 1 SET i.cost_usd = 99.5",
        {("cost", "cost_usd")},
        id="cost changed",
    ),
    pytest.param(
        "(i:Invocation)",
        "MATCH (i:Invocation {trace_id: $trace}) WITH i LIMIT 1 SET i.trace_id = $trace + 'x'",
        {("property", "trace_id")},
        id="trace changed",
    ),
    pytest.param(
        "(i:Invocation)-[:CAUSED_ERROR]->(e:Error)",
        "MATCH (:Invocation {trace_id: $trace})-[:CAUSED_ERROR]->(e) WITH e LIMIT 1 SET e.message = 'edited'",
        {("property", "message")},
        id="error changed",
    ),
    pytest.param(
        "(i:Invocation)-[:HAS_METRIC]->(p)",
        "MATCH (:Invocation {trace_id: $trace})-[:HAS_METRIC]->(p) WITH p LIMIT 1 DETACH DELETE p",
        {("missing node", None), ("missing relationship", "HAS_METRIC")},
        id="metric deleted",
    ),
    pytest.param(
        "(i:Invocation) WHERE COUNT { (i)--() } > 4 WITH i MATCH (i)",
        "MATCH (i:Invocation {trace_id: $trace}) WITH i LIMIT 1 DETACH DELETE i",
        {("missing node", None)},
        id="call deleted",
    ),
    pytest.param(
        "(i:Invocation)-[:FOLLOWED_BY]->()",
        "MATCH (:Invocation {trace_id: $trace})-[r:FOLLOWED_BY]->() WITH r LIMIT 1 DELETE r",
        {("missing relationship", "FOLLOWED_BY")},
        id="chain cut",
    ),
    pytest.param(
        "(i:Invocation)-[:FOLLOWED_BY]->()",
        "MATCH (:Invocation {trace_id: $trace})-[r:FOLLOWED_BY]->() WITH r LIMIT 1 SET r.duration_ms = -1",
        {("property", "FOLLOWED_BY")},
        id="duration changed",
    ),
    pytest.param(
        "(i:Invocation)-[:CHILD_OF]->()",
        "MATCH (:Invocation {trace_id: $trace})-[r:CHILD_OF]->() WITH r LIMIT 1 DELETE r",
        {("missing relationship", "CHILD_OF")},
        id="child parted",
    ),
    pytest.param(
        "(i:Invocation)",
        "MATCH (i:Invocation {trace_id: $trace})-[r:USES_MODEL]->() WITH r LIMIT 1 DELETE r",
        {("missing relationship", "USES_MODEL")},
        id="model parted",
    ),
    pytest.param(
        "(i:Invocation)",
        "MATCH (i:Invocation {trace_id: $trace}) WITH i LIMIT 1 CREATE (i)-[:CHILD_OF]->(i)",
        {("unexplained relationship", "CHILD_OF")},
        id="relationship inserted",
    ),
    pytest.param(
        "(i:Invocation)-[:USES_MODEL]->()",
        "MATCH (i:Invocation {trace_id: $trace})-[:USES_MODEL]->(m) WITH i, m LIMIT 1 CREATE (i)-[:USES_MODEL]->(m)",
        {("unexplained relationship", "USES_MODEL")},
        id="relationship doubled",
    ),
    pytest.param(
        "(i:Invocation)",
        "CREATE (i:Invocation {key: $trace + '-x', id: 'x', trace_id: $trace, span_id: 'x', status: 'STARTED'})",
        {("unexplained node", None)},
        id="call inserted",
    ),
    pytest.param(
        "(i:Invocation) WHERE i.folded IS NOT NULL WITH i MATCH (i)",
        "MATCH (i:Invocation {trace_id: $trace}) WHERE i.folded IS NOT NULL WITH i LIMIT 1 REMOVE i.folded",
        {("property", "folded")},
        id="state removed",
    ),
]


@pytest.mark.parametrize(("match", "edit", "named"), EDITS)
def test_an_edit_is_named(written: Written, match: str, edit: str, named: set[tuple[str, str | None]]) -> None:
    trace = written.one(match)
    before = written.before or written.differences()
    assert not _of(before, trace)
    written.query(edit, trace=trace)
    after = written.differences()
    found = _of(after, trace)
    assert {(each["kind"], (each["name"] or "").split(" ")[0] or None) for each in found} >= named
    assert all(each["fix"] for each in found)
    own = [each for each in found if each["place"]["trace_id"] == trace and each["kind"] != "dangling"]
    assert {each["place"]["topic"] for each in own} == {written.scene.topic}
    others = Counter(map(_short, after)) - Counter(map(_short, before)) - Counter(map(_short, found))
    assert not others, "nothing else differs"


def test_a_trace_that_nobody_sent_is_named(written: Written) -> None:
    trace = f"{written.scene.name}-inserted"
    properties = "{key: $trace + '/s', id: 'x', trace_id: $trace, span_id: 's', status: 'STARTED'}"
    written.query(f"CREATE (i:Invocation {properties})", trace=trace)
    found = _of(written.differences(), trace)
    assert ("unexplained node", f"Invocation {trace}/s") in {(each["kind"], each["subject"]) for each in found}


def test_nodes_that_nothing_leads_to_are_named(written: Written) -> None:
    name = written.scene.name
    nodes = "(:Error {id: $name + '-e'}), (:PerformanceMetric {id: $name + '-p'}), (:Invocation {key: $name + '-i'})"
    written.query(f"CREATE {nodes}")
    found = {(each["kind"], each["subject"]) for each in written.differences()}
    dangling = {f"Error {name}-e", f"PerformanceMetric {name}-p", f"Invocation {name}-i"}
    assert {("dangling", each) for each in dangling} <= found
    written.query("MATCH (i:Invocation {key: $name + '-i'}) DELETE i")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ("SET w.offset = w.offset + 1000000", "beyond the topic's end"),
        ("SET w.offset = w.offset - 5", "behind what the group has committed"),
        ("SET w.topic_id = 'another'", "another topic of this name"),
        ("SET w.id = 'hidden/' + w.id", "the graph has none"),
    ],
)
def test_an_edited_watermark_is_named_and_its_traces_are_not_compared(written: Written, edit: str, says: str) -> None:
    id_ = f"telemetry/{written.scene.topic}/1"
    (before,) = written.query("MATCH (w:Watermark {id: $id}) RETURN w.offset AS offset, w.topic_id AS topic_id", id=id_)
    written.query(f"MATCH (w:Watermark {{id: $id}}) {edit}", id=id_)
    try:
        found = written.verify("--check", "watermarks", "--check", "traces")
    finally:
        undo = "SET w.id = $id, w.offset = $offset, w.topic_id = $topic_id"
        written.query(f"MATCH (w:Watermark) WHERE w.id IN [$id, 'hidden/' + $id] {undo}", id=id_, **before)
    (finding,) = [each for each in found["differences"] if each["kind"] == "watermark"]
    assert (finding["subject"], finding["place"]["partition"]) == (id_, 1)
    assert says in finding["expected"]
    assert len(found["notes"]) == 1


def _of(differences: list[Difference], trace: str) -> list[Difference]:
    return [each for each in differences if each["place"]["trace_id"] in {trace, f"{trace}x"}]


def _short(difference: Difference) -> tuple[str, ...]:
    return tuple(str(difference[name]) for name in ("kind", "subject", "name"))
