import gzip
import json
from typing import Any

import pytest

from tests.model import naive_archive
from tests.model.audit_edits import Node, chain_of, event, numbers
from workers.core.errors import RequestRejected
from workers.core.job import ObjectStep
from workers.core.metric import Measurement
from workers.pipelines.audit.archive.jobs import ArchiveEvents, MeasureArchiveLag
from workers.pipelines.audit.archive.metrics import ARCHIVE_LAG
from workers.pipelines.audit.archive.options import ArchiveOptions

PLACE = ("audit-events", 3, "1")
NODES = chain_of([event(number, numbers(number), 3) for number in range(40)], PLACE)
NOW = 1_796_000_000_000
OPTIONS = ArchiveOptions(url="file:///archive", every_events=50, every_seconds=60)
JOB = ArchiveEvents("audit-events", "1", OPTIONS)


def row(nodes: list[Node], after: int, checkpoint: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the graph answers: the events after a sequence, up to the last of ``nodes``."""
    made = checkpoint or naive_archive.checkpoint(PLACE, 4, NODES[len(nodes) - 1], "cd" * 32, NOW)
    value = json.dumps(made, separators=(",", ":"), sort_keys=True)
    return {
        "id": "audit-events/3/1",
        "partition": 3,
        "after": after,
        "last": len(nodes),
        "hash": nodes[after - 1]["hash"] if after else None,
        "newest": NOW,
        "checkpoints": [{"value": value, "signature": "", "digest": naive_archive.digest(made)}],
        "events": [{name: each for name, each in node.items() if each is not None} for node in nodes[after:]],
    }


def step_of(nodes: list[Node], after: int = 0, **other: Any) -> ObjectStep:
    (step,) = JOB.steps([row(nodes, after, **other)], NOW)
    return step


def put(step: ObjectStep) -> bytes:
    assert step.content is not None
    return step.content()


def test_the_next_events_become_an_object_with_their_checkpoint() -> None:
    step = step_of(NODES, 10)
    content = put(step)
    made = naive_archive.checkpoint(PLACE, 4, NODES[-1], "cd" * 32, NOW)
    expected = naive_archive.lines(PLACE, NODES[10:], [made])
    assert [json.loads(line) for line in gzip.decompress(content).splitlines()] == expected
    assert (step.name, step.store.url) == (naive_archive.name(PLACE, NODES[10:]), "file:///archive")
    (noted,) = step.record(content)
    wanted = {
        "id": "audit-events/3/1",
        "after": 10,
        "last": 40,
        "hash": NODES[-1]["hash"],
        "name": step.name,
        "events": 30,
        "from": NODES[10]["timestamp"],
        "to": NODES[-1]["timestamp"],
        "until": NOW,
        "checkpoints": [naive_archive.digest(made)],
    }
    assert wanted.items() <= noted.parameters.items()


def test_an_object_of_before_a_crash_is_taken_over_however_far_it_went() -> None:
    longer = step_of(NODES, 10)
    shorter = step_of(NODES[:25], 10)
    assert longer.name == shorter.name
    (noted,) = longer.record(put(shorter))
    assert (noted.parameters["last"], noted.parameters["hash"]) == (25, NODES[24]["hash"])
    (noted,) = shorter.record(put(longer))
    assert (noted.parameters["last"], noted.parameters["hash"]) == (40, NODES[-1]["hash"])


def test_an_object_with_other_events_is_never_taken_over() -> None:
    other = chain_of([event(number, numbers(99 + number), 3) for number in range(40)], PLACE)
    with pytest.raises(RequestRejected, match="its record 1 is another one"):
        step_of(NODES).record(put(step_of(other, checkpoint=naive_archive.checkpoint(PLACE, 4, other[-1], "", NOW))))
    with pytest.raises(RequestRejected, match="no whole gzip file"):
        step_of(NODES).record(b"something else")


@pytest.mark.parametrize("at", [10, 25, 39])
def test_an_edited_event_is_not_archived(at: int) -> None:
    edited = [dict(each) for each in NODES]
    edited[at]["user_id"] = "nobody"
    with pytest.raises(RequestRejected, match=rf"the record {at + 1} .* nothing after it is archived"):
        put(step_of(edited, 10))


def test_what_is_not_whole_is_not_archived() -> None:
    for events, says in (
        (NODES[:-1], "the record 40 is not in the graph"),
        (NODES[1:], "the record 1 .* does not follow"),
    ):
        (step,) = JOB.steps([{**row(NODES, 0), "events": events}], NOW)
        with pytest.raises(RequestRejected, match=says):
            put(step)


def test_an_event_without_a_whole_time_is_not_archived() -> None:
    edited = [{**NODES[0], "timestamp": None}, *NODES[1:]]
    with pytest.raises(RequestRejected, match="the record 1 "):
        put(step_of(edited))


def test_a_chain_that_rests_gets_an_object_of_its_checkpoints() -> None:
    step = step_of(NODES, 40)
    assert step.name.startswith("2026/11/30/3/audit-events/1/000000000041-")
    (noted,) = step.record(put(step))
    assert (noted.parameters["last"], noted.parameters["events"], noted.parameters["until"]) == (40, 0, NOW)


def test_an_object_is_due_after_its_events_or_its_time_and_not_without_an_archive() -> None:
    parameters = JOB.query(NOW).parameters
    assert (parameters["events"], parameters["before"], parameters["url"]) == (50, NOW - 60_000, "file:///archive")
    assert ArchiveEvents("audit-events", "1", ArchiveOptions()).query(NOW).parameters["url"] is None


def test_the_lag_is_the_age_of_the_oldest_checkpoint_that_waits() -> None:
    (step,) = MeasureArchiveLag("audit-events", "1", "file:///archive").steps(
        [{"partition": 0, "since": NOW - 1_500}, {"partition": 1, "since": None}], NOW
    )
    assert step.effects == [Measurement(ARCHIVE_LAG, 1.5, ("0",)), Measurement(ARCHIVE_LAG, 0.0, ("1",))]
    assert ARCHIVE_LAG.name == "llm_memory_graph_audit_archive_lag_seconds"
    assert step.record is None
