from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.model import naive_chain
from tests.unit.pipelines.audit.driven import OPTIONS, AuditUnderTest, expected
from tests.unit.pipelines.audit.records import CAPTURED, RECORD, fields
from workers.core.errors import NewGraph
from workers.core.record import TopicPartition
from workers.engine.partition_task import require_records_after
from workers.pipelines.audit.options import AuditOptions
from workers.pipelines.audit.worker import build
from workers.testing import PARTITION, record


async def test_the_events_of_a_partition_are_one_chain_over_all_batches_and_claims() -> None:
    worker = AuditUnderTest()
    sent = [fields(event_type, audit_id=f"a-{number}") for number, event_type in enumerate(CAPTURED)]
    for number, each in enumerate(sent):
        await worker.take(worker.next(**each))
        if number % 3 == 0:
            worker.claim()
        if number % 4 == 0:
            worker.table.clear()
    assert worker.hashes() == expected(sent)
    assert [each["sequence"] for each in worker.events] == list(range(1, len(sent) + 1))
    before = [naive_chain.genesis_hash(PARTITION.topic, 0), *expected(sent)]
    assert [each["prev_hash"] for each in worker.events] == before[:-1]
    assert {(each["topic"], each["partition"], each["chain_id"]) for each in worker.events} == {(*PARTITION, "1")}
    assert worker.chains[-1]["length"] == len(sent)
    assert worker.chains[-1]["head"] == before[-1]
    assert {each["genesis"] for each in worker.chains} == {before[0]}


async def test_a_duplicate_adds_nothing_and_is_counted_however_long_ago_the_first_one_was() -> None:
    worker = AuditUnderTest()
    await worker.take(worker.next(audit_id="a"), worker.next(audit_id="b"), worker.next(audit_id="a"))
    worker.table.clear()
    worker.claim()
    await worker.take(worker.next(audit_id="b", reason="sent again with other words"))
    await worker.take(worker.next(audit_id="c"))
    assert worker.hashes() == expected([fields(audit_id=each) for each in "abc"])
    assert worker.sample("events_dropped_total", event_type="content.read", reason="duplicate") == 2
    assert worker.dead_letters.letters == []
    assert worker.sample("audit_chain_length", partition="0") == 3


async def test_an_audit_id_of_an_event_of_another_type_is_refused() -> None:
    worker = AuditUnderTest()
    await worker.take(worker.next(audit_id="a"), worker.next("content.delete", audit_id="a"))
    await worker.take(worker.next("content.write", audit_id="a"))
    assert worker.hashes() == expected([fields(audit_id="a")])
    assert [each.code for each in worker.dead_letters.letters] == ["audit_id.reused"] * 2
    assert "an earlier content.read" in worker.dead_letters.letters[1].message


async def test_dead_letters_are_outside_of_the_chain_and_replays_of_them_come_in_at_their_turn() -> None:
    worker = AuditUnderTest()
    bad = fields(audit_id="b", source_ip="nowhere")
    await worker.take(worker.next(audit_id="a"), worker.next(**bad), worker.next(audit_id="c"))
    good = fields(audit_id="b")
    await worker.take(worker.next(**good))
    assert worker.hashes() == expected([fields(audit_id="a"), fields(audit_id="c"), good])


async def test_an_event_that_another_process_wrote_meanwhile_is_found_when_the_graph_refuses_it() -> None:
    """The filter of this process does not have it: the graph is asked for each id before anything is dead-lettered."""
    worker = AuditUnderTest()
    await worker.take(worker.next(audit_id="a"))
    await worker.read_ids()
    worker.graph.states["x"] = ["content.read"]  # type: ignore[list-item]  # the fake keeps bytes for other workers
    worker.refused.add("x")
    await worker.take(worker.next(audit_id="b"), worker.next(audit_id="x"), worker.next(audit_id="a"))
    assert worker.hashes() == expected([fields(audit_id="a"), fields(audit_id="b")])
    assert worker.dead_letters.letters == []
    assert worker.sample("events_dropped_total", event_type="content.read", reason="duplicate") == 2


async def test_the_filter_of_ids_spares_questions_about_new_events_and_none_about_the_chain() -> None:
    worker = AuditUnderTest()
    await worker.take(worker.next(audit_id="a"))
    await worker.read_ids()
    asked: list[str] = []
    stored = worker.graph.stored

    async def asking(cypher: str, name: str, keys: Sequence[str]) -> Any:
        asked.extend(keys)
        return await stored(cypher, name, keys)

    worker.graph.stored = asking  # type: ignore[method-assign,assignment]  # it counts
    chain = f"{PARTITION.topic}/0/1"
    await worker.take(worker.next(audit_id="b"), worker.next(audit_id="a"))
    assert asked == [chain, "a"], "a new claim has no cache; b is new"
    worker.table.clear()
    await worker.take(worker.next(audit_id="c"), worker.next(audit_id="b"))
    assert asked == [chain, "a", chain, "b"]
    assert worker.hashes() == expected([fields(audit_id=each) for each in "abc"])


async def test_an_event_that_the_graph_refuses_for_itself_leaves_no_gap() -> None:
    worker = AuditUnderTest()
    worker.refused.add("bad")
    await worker.take(*(worker.next(audit_id=each) for each in ("a", "b", "bad", "c", "d")))
    assert worker.hashes() == expected([fields(audit_id=each) for each in "abcd"])
    assert [each.record.offset for each in worker.dead_letters.letters] == [2]


async def test_a_chain_whose_head_is_lost_is_not_begun_again() -> None:
    worker = AuditUnderTest()
    worker.graph.states[f"{PARTITION.topic}/0/1"] = [None, None]  # type: ignore[list-item]  # as STORED_CHAINS says it
    with pytest.raises(NewGraph, match=r"its AuditChain is gone: restore the graph .*chain_id.*memory-graph-audit-2"):
        await worker.take(worker.next())
    assert worker.events == []


def test_a_graph_that_has_nothing_of_a_partition_stops_the_worker_with_the_way_to_a_new_chain() -> None:
    spec = build(OPTIONS, has_api=False)
    with pytest.raises(NewGraph, match=r"has nothing of audit-events\[3\].*set workers.audit.chain_id"):
        require_records_after(spec, TopicPartition("audit-events", 3), 100, -1, new_graph=True)


async def test_a_new_chain_has_a_beginning_of_its_own_and_says_that_it_begins() -> None:
    options = AuditOptions(topic="audit-events", group="memory-graph-audit-2", chain_id="2")
    worker = AuditUnderTest(options)
    await worker.take(worker.next(audit_id="a"))
    await worker.take(worker.next(audit_id="b"))
    assert worker.hashes() == expected([fields(audit_id="a"), fields(audit_id="b")], "2")
    assert worker.rows("CONTINUES") == [[f"{PARTITION.topic}/0/2", PARTITION.topic, 0]]


@pytest.mark.parametrize(
    ("chain_id", "group"), [("2", "memory-graph-audit"), ("2", "memory-graph-audit-12"), ("a/b", "x-a/b"), ("", "g-")]
)
def test_another_chain_needs_a_group_of_its_own_and_a_name_without_slashes(chain_id: str, group: str) -> None:
    with pytest.raises(ValidationError, match="chain_id"):
        AuditOptions(topic="t", group=group, chain_id=chain_id)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32).map(Random))
async def test_random_batches_duplicates_claims_and_evictions_give_one_chain(random: Random) -> None:
    worker = AuditUnderTest()
    sent: list[dict[str, Any]] = []
    seen: set[str] = set()
    for _ in range(12):
        batch = [_drawn(random, sent) for _ in range(random.randint(1, 6))]
        await worker.take(*(worker.next(**each) for each in batch))
        for each in batch:
            if each["audit_id"] not in seen:
                seen.add(each["audit_id"])
                sent.append(each)
        if random.random() < 0.3:
            worker.claim()
        if random.random() < 0.3:
            worker.table.clear()
    assert worker.hashes() == expected(sent)


def _drawn(random: Random, sent: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if sent and random.random() < 0.3:
        return random.choice(sent)
    return fields(random.choice(list(CAPTURED)), audit_id=f"a-{random.getrandbits(64)}")


async def test_all_statements_are_in_every_plan_in_one_order() -> None:
    """The server plans each combination of statements once."""
    worker = AuditUnderTest()
    await worker.take(worker.next("key.rotated", audit_id="k"))
    await worker.take(worker.next("role.assigned", audit_id="r"), worker.next(audit_id="c"))
    names = [each.name for each in worker.graph.written]
    assert len(names) == 2 * len(set(names)) > 0
    assert names[: len(names) // 2] == names[len(names) // 2 :]


async def test_what_an_event_names_is_written_once_and_joined_to_it() -> None:
    worker = AuditUnderTest()
    await worker.take(
        worker.next(audit_id="a"),
        worker.next("content.write", audit_id="b", content_id="completion-2"),
        worker.next(audit_id="c"),
        worker.next("role.assigned", audit_id="d"),
        worker.next("key.rotated", audit_id="e"),
    )
    assert worker.rows("User") == [["ada"], ["bob"], ["root"]]
    assert worker.rows("Prompt stub") == [["p-1", None, True]]
    assert worker.rows("Completion stub") == [["completion-2", "confidential", None]]
    assert worker.rows("PERFORMED") == [["ada", "a"], ["ada", "b"], ["ada", "c"], ["root", "d"]]
    assert worker.rows("CONCERNS User") == [["bob", "d"]]
    assert worker.rows("CONCERNS Prompt or Completion") == [["completion-2", "b"], ["p-1", "a"], ["p-1", "c"]]


async def test_an_event_has_all_fields_of_its_record_and_its_details_in_canonical_form() -> None:
    worker = AuditUnderTest()
    sent = fields("content.delete", details={"b": "2", "a": "é"}, user_agent="MemoryGraph/1.0")
    await worker.take(worker.next(**sent))
    (event,) = worker.events
    assert {name: event[name] for name in sent} == {**sent, "details": '{"a":"é","b":"2"}'}


async def test_operations_denials_and_keys_are_measured() -> None:
    worker = AuditUnderTest()
    await worker.take(
        worker.next(audit_id="1"),
        worker.next(audit_id="2", access_granted=False),
        worker.next("access.denied", audit_id="3", classification="restricted"),
        worker.next("access.denied", audit_id="4", reason="Bob may not", attempted_action="content.export"),
        worker.next("encryption.failed", audit_id="5"),
        worker.next("key.rotated", audit_id="6"),
        worker.next("dead_letters.purged", audit_id="7"),
        record(RECORD, fields(audit_id="1"), key=b"p-1", offset=7),
    )
    operations = {
        (operation, status): worker.sample("vault_operations_total", operation=operation, status=status)
        for operation in ("read", "encrypt", "rotate_key", "other")
        for status in ("success", "denied", "failure")
    }
    assert {key: value for key, value in operations.items() if value} == {
        ("read", "success"): 1,
        ("read", "denied"): 2,
        ("other", "denied"): 1,
        ("encrypt", "failure"): 1,
        ("rotate_key", "success"): 1,
    }
    assert worker.sample("vault_access_denied_total", reason="insufficient_role", classification="restricted") == 1
    assert worker.sample("vault_access_denied_total", reason="other", classification="unknown") == 1
    assert worker.sample("vault_encryption_operations_total", operation="rotate_key") == 1
