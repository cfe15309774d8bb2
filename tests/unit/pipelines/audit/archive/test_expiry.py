from typing import Any

import pytest

from tests.model.audit_edits import chain_of, event, numbers
from tests.unit.ops.audit.nodes import of
from workers.core.errors import RequestRejected
from workers.pipelines.audit.archive.batch import Batch, compressed, digest, text_of
from workers.pipelines.audit.archive.expiry import DAY_MS, TRANSACTION_EVENTS, ExpireEvents
from workers.pipelines.audit.archive.options import ArchiveOptions
from workers.pipelines.audit.archive.queries import EXPIRED, GONE, KEYS, REMOVE
from workers.pipelines.audit.fold.chain import ChainName

PLACE = ("audit-events", 3, "1")
EVENTS = TRANSACTION_EVENTS + 500
MADE = [event(number, numbers(number), 3) for number in range(EVENTS)]
MADE[7] |= {"event_type": "key.rotated", "key_id": "key-1"}
NODES = chain_of(MADE, PLACE)
CONTENT = compressed(text_of(Batch(ChainName(*PLACE), 0, NODES[0]["prev_hash"], [of(each) for each in NODES], [])))
JOB = ExpireEvents("audit-events", ArchiveOptions(url="file:///archive", hot_days=365))
ROW: dict[str, Any] = {
    "id": "audit-events/3/1",
    "topic": "audit-events",
    "partition": 3,
    "chain_id": "1",
    "name": "an object",
    "first": 1,
    "last": EVENTS,
    "hash": NODES[-1]["hash"],
    "digest": digest(CONTENT),
    "places": [[each["sequence"], each["hash"]] for each in NODES],
}


def queries(content: bytes = CONTENT, **changed: Any) -> Any:
    (step,) = JOB.steps([{**ROW, **changed}], 0)
    assert (step.content, step.name) == (None, "an object")
    return step.record(content)


def test_events_leave_in_bounded_transactions_after_the_chain_is_marked() -> None:
    found = queries()
    assert [each.cypher for each in found] == [EXPIRED, KEYS, REMOVE, REMOVE, GONE]
    assert found[0].parameters == {name: ROW[name] for name in ("id", "first", "last", "hash", "name")}
    places = [each.parameters["places"] for each in found if each.cypher == REMOVE]
    assert [len(each) for each in places] == [TRANSACTION_EVENTS, 500]
    assert [place for each in places for place in each] == ROW["places"]
    assert found[1].parameters == {"keys": [["key-1", NODES[7]["timestamp"]]]}


def test_what_was_removed_before_a_crash_is_not_missed() -> None:
    assert queries(places=ROW["places"][40:])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"digest": "00" * 32}, "it is not what was archived"),
        ({"last": EVENTS - 1}, f"it does not hold the records 1 to {EVENTS - 1:,}"),
        ({"partition": 2}, "it does not hold the records"),
        ({"hash": "00" * 32}, "it does not hold the records"),
        ({"places": [[4, "00" * 32]]}, "the record 4 in the graph is another one"),
    ],
)
def test_nothing_leaves_unless_archive_and_graph_agree(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestRejected, match=f"an object: {says}.*its events stay in the graph"):
        queries(**changed)


def test_nothing_leaves_for_an_object_that_was_edited() -> None:
    edited = [of(each) for each in NODES]
    edited[5] = edited[5]._replace(event={**(edited[5].event or {}), "user_id": "nobody"})
    content = compressed(text_of(Batch(ChainName(*PLACE), 0, NODES[0]["prev_hash"], edited, [])))
    with pytest.raises(RequestRejected, match="the record 6 "):
        queries(content, digest=digest(content))
    with pytest.raises(RequestRejected, match="no whole gzip file"):
        queries(CONTENT[:-20])


def test_events_are_asked_for_by_their_days() -> None:
    parameters = JOB.query(400 * DAY_MS).parameters
    assert (parameters["before"], parameters["url"]) == (35 * DAY_MS, "file:///archive")
    assert ExpireEvents("audit-events", ArchiveOptions()).query(0).parameters["url"] is None
