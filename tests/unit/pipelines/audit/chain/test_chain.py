import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests.model import naive_chain
from workers.pipelines.audit.chain.canonical import FIELDS, LARGEST_INTEGER, canonical, canonical_details
from workers.pipelines.audit.chain.link import genesis, link

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
EVENTS, CHAINS = VECTORS["events"], VECTORS["chains"]
SCHEMA = json.loads(Path("schemas/avro/audit/AuditEvent.avsc").read_text())

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NULLABLE = st.none() | TEXTS | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
AUDIT_EVENTS = st.fixed_dictionaries(
    {name: NULLABLE for name in FIELDS if name != "details"} | {"details": st.dictionaries(TEXTS, TEXTS, max_size=5)}
)


def hashes(topic: str, partition: int, events: list[dict[str, Any]], chain_id: str) -> list[str]:
    head, found = genesis(topic, partition, chain_id), []
    for event in events:
        head = link(head, canonical(event))
        found.append(head.hash.hex())
    return found


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["audit_id"])
def test_the_canonical_bytes_are_those_of_the_vectors(event: dict[str, Any]) -> None:
    assert canonical(event).decode() == event["canonical"] == naive_chain.canonical_bytes(event).decode()


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: f"{chain['topic']}-{chain['partition']}")
def test_the_hashes_are_those_of_the_vectors(chain: dict[str, Any]) -> None:
    where = (chain["topic"], chain["partition"])
    assert genesis(*where, chain["chain_id"]).hash.hex() == chain["genesis"]
    assert hashes(*where, EVENTS, chain["chain_id"]) == chain["hashes"]
    assert naive_chain.hashes(*where, EVENTS, chain["chain_id"]) == chain["hashes"]


def test_a_chain_counts_its_events_from_one() -> None:
    assert genesis("audit-events", 0).sequence == 0
    assert link(genesis("audit-events", 0), b"{}").sequence == 1


def test_topics_partitions_and_chains_begin_with_hashes_of_their_own() -> None:
    begins = [genesis("a", 1), genesis("a", 11), genesis("b", 1), genesis("a", 1, "2"), genesis("a", 1, "11")]
    assert len({head.hash for head in begins}) == len(begins)


def test_every_field_of_the_record_is_hashed() -> None:
    assert [field["name"] for field in SCHEMA["fields"]] == list(FIELDS)


@given(AUDIT_EVENTS)
def test_any_event_has_the_bytes_of_the_standard_and_of_the_second_implementation(event: dict[str, Any]) -> None:
    assert canonical(event) == rfc8785.dumps(event) == naive_chain.canonical_bytes(event)


@given(AUDIT_EVENTS)
def test_other_keys_and_the_order_of_the_keys_do_not_change_the_bytes(event: dict[str, Any]) -> None:
    assert canonical({"hash": 1, **dict(reversed(event.items()))}) == canonical(event)


def test_a_field_that_is_not_there_is_no_null() -> None:
    event = dict(EVENTS[0])
    del event["reason"]
    for other in ({}, {"reasons": None}):
        with pytest.raises(KeyError, match="reason"):
            canonical({**event, **other})


def test_the_details_stand_alone_as_they_stand_in_their_event() -> None:
    details = {"\ue000": "after", "\U0001f511": "before", "a": "\n"}
    assert canonical_details(details) == '{"a":"\\n","\U0001f511":"before","\ue000":"after"}'
    assert canonical_details({}) == "{}"


@pytest.mark.parametrize(
    "change", [{"size_bytes": LARGEST_INTEGER + 1}, {"reason": "\ud800"}, {"details": {"\ud800": "é"}}], ids=str
)
def test_what_json_cannot_express_alike_everywhere_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical({**EVENTS[0], **change})
