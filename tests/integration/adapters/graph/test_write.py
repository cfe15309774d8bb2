"""A batch and its watermark are written atomically, once, and only by the owner."""

import asyncio
from typing import Any

import pytest

from tests.integration.adapters.graph.scratch import Scratch
from workers.adapters.graph.watermark import CLAIM, watermark_id
from workers.adapters.graph.writer import Neo4jWriter
from workers.core.errors import Fenced, Refused, Retryable
from workers.core.ports import Claim
from workers.core.record import TopicPartition
from workers.core.statement import Statement
from workers.engine.state.states import READ_STATES, WRITE_STATES, StateRow


async def test_statements_run_in_their_order_and_see_what_earlier_ones_wrote(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    double = f"UNWIND $rows AS row MATCH (n:{scratch.label} {{value: row[0]}}) SET n.value = row[1]"

    await writer.write(claim, 5, [scratch.create(1, 2), Statement("double", double, [(1, 10), [2, 20]])])

    assert await scratch.values() == [10, 20]
    assert (await writer.claim(scratch.worker, scratch.partition, "topic-1")).offset == 5


async def test_a_statement_without_rows_and_a_batch_without_statements_only_advance(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")

    claim = await writer.write(claim, 5, [scratch.create()])
    await writer.write(claim, 6, [])

    assert await scratch.values() == []
    assert (await writer.claim(scratch.worker, scratch.partition, "topic-1")).offset == 6


async def test_a_retry_after_success_returns_and_doubles_nothing(writer: Neo4jWriter, scratch: Scratch) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    for _ in range(3):
        assert (await writer.write(claim, 5, [scratch.create("a")])).offset == 5

    assert await scratch.values() == ["a"]
    assert (await writer.claim(scratch.worker, scratch.partition, "topic-1")).offset == 5


async def test_a_zombie_is_fenced_and_writes_nothing(writer: Neo4jWriter, scratch: Scratch) -> None:
    zombie = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    owner = await writer.claim(scratch.worker, scratch.partition, "topic-1")

    with pytest.raises(Fenced, match="another owner"):
        await writer.write(zombie, 5, [scratch.create("zombie")])
    await writer.write(owner, 5, [scratch.create("owner")])
    with pytest.raises(Fenced):
        await writer.write(zombie, 5, [scratch.create("zombie")])

    assert await scratch.values() == ["owner"]


async def test_a_write_that_waited_for_a_claim_sees_that_it_was_fenced(writer: Neo4jWriter, scratch: Scratch) -> None:
    zombie = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    id_ = watermark_id(scratch.worker, scratch.partition)
    parameters = {"id": id_, "topic_id": "topic-1", "token": "next", "nothing": -1}
    async with scratch.driver.session(database=scratch.database) as session, await session.begin_transaction() as claim:
        await (await claim.run(CLAIM, parameters)).consume()
        write = asyncio.create_task(writer.write(zombie, 5, [scratch.create("zombie")]))
        await scratch.until_blocked()
        await claim.commit()

    with pytest.raises(Fenced):
        await write
    assert await scratch.values() == []


async def test_a_write_without_its_watermark_is_fenced(writer: Neo4jWriter, scratch: Scratch) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    await scratch.clear()

    with pytest.raises(Fenced, match="gone"):
        await writer.write(claim, 5, [scratch.create("a")])

    assert await scratch.values() == []


async def test_a_write_to_a_graph_that_was_restored_is_fenced_although_its_token_is_ours(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    claim = await writer.write(claim, 9, [scratch.create("a")])
    id_ = watermark_id(scratch.worker, scratch.partition)
    await scratch.query("MATCH (w:Watermark {id: $id}) SET w.offset = 4", id=id_)

    with pytest.raises(Fenced, match="at 4 and not at 9: the graph was restored"):
        await writer.write(claim, 12, [scratch.create("b")])

    assert await scratch.values() == ["a"]


async def test_states_that_the_graph_does_not_know_are_left_out(writer: Neo4jWriter, scratch: Scratch) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    states = [StateRow(f"{scratch.worker}/{key}", key.encode()) for key in ("a", "b/c")]
    await writer.write(claim, 5, [WRITE_STATES.on(states)])

    assert await writer.stored(READ_STATES, scratch.worker, ["a", "b/c", "new"]) == {"a": [b"a"], "b/c": [b"b/c"]}
    await scratch.query("MATCH (s:WorkerState) WHERE s.id STARTS WITH $worker DELETE s", worker=scratch.worker)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"a": "map"}, "neo4j.type"),
        ([1, "mixed"], "neo4j.type"),
        ([[1], [2]], "neo4j.type"),
        (2**63, "neo4j.type"),
        ("\ud800", "neo4j.type"),
        (object(), "neo4j.type"),
    ],
)
async def test_a_value_of_no_property_type_is_refused_with_its_whole_batch(
    writer: Neo4jWriter, scratch: Scratch, value: Any, code: str
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")

    with pytest.raises(Refused) as refused:
        await writer.write(claim, 5, [scratch.create("good"), scratch.create("also good", value)])

    assert refused.value.code == code
    await expect_nothing_of(writer, scratch)


async def test_a_constraint_violation_is_refused_with_its_whole_batch(writer: Neo4jWriter, scratch: Scratch) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    cypher = f"UNWIND $rows AS row CREATE (:Invocation:{scratch.label} {{key: row[0]}})"
    twice = Statement("twice", cypher, [[scratch.label], [scratch.label]])

    with pytest.raises(Refused) as refused:
        await writer.write(claim, 5, [scratch.create("good"), twice])

    assert refused.value.code == "neo4j.constraint"
    assert scratch.label not in refused.value.message, "values of records stay out of messages"
    await expect_nothing_of(writer, scratch)


async def test_a_key_too_large_for_its_index_is_refused_with_its_whole_batch(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    cypher = f"UNWIND $rows AS row MERGE (n:Invocation {{key: row[0]}}) SET n:{scratch.label}"

    with pytest.raises(Refused) as refused:
        await writer.write(claim, 5, [scratch.create("good"), Statement("large", cypher, [["x" * 40_000]])])

    assert refused.value.code == "neo4j.size"
    await expect_nothing_of(writer, scratch)


@pytest.mark.parametrize(
    ("clause", "value"),
    [
        ("CREATE (n:{label}) SET n.value = 1 / row[0]", 0),
        ("CREATE (n:{label}) SET n.value = datetime({{epochMillis: row[0]}})", "yesterday"),
        ("MERGE (n:{label} {{value: row[0]}})", None),
    ],
)
async def test_a_value_that_cypher_cannot_compute_with_is_refused(
    writer: Neo4jWriter, scratch: Scratch, clause: str, value: Any
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    cypher = f"UNWIND $rows AS row {clause.format(label=scratch.label)}"

    with pytest.raises(Refused) as refused:
        await writer.write(claim, 5, [scratch.create("good"), Statement("compute", cypher, [[value]])])

    assert refused.value.code == "neo4j.statement"
    await expect_nothing_of(writer, scratch)


async def test_a_statement_that_is_wrong_is_a_bug_and_not_the_fault_of_its_rows(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")

    with pytest.raises(Exception, match="SyntaxError") as bug:
        await writer.write(claim, 5, [Statement("wrong", "UNWIND $rows AS row CREAT (n)", [[1]])])

    assert not isinstance(bug.value, Refused | Retryable | Fenced)


async def test_of_two_writes_in_a_deadlock_one_succeeds_and_one_may_be_retried(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    """They are of two processes: one process would write both in one transaction."""
    writers = (writer, Neo4jWriter(scratch.driver, scratch.database))
    claims = [await writer.claim(scratch.worker, scratch.partition._replace(partition=n), "topic-1") for n in (0, 1)]
    await scratch.query(f"UNWIND ['a', 'b'] AS id CREATE (:{scratch.label} {{id: id}})")
    batches = [
        [scratch.create("ab"), scratch.touch("a", "gate", "b")],
        [scratch.create("ba"), scratch.touch("b", "gate", "a")],
    ]
    async with scratch.held("gate"):
        writes = [asyncio.create_task(writers[n].write(claims[n], 5, batches[n])) for n in (0, 1)]
        await scratch.until_blocked(2)
    results = await asyncio.gather(*writes, return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["Claim", "Contended"]
    loser = 0 if isinstance(results[0], Retryable) else 1
    await writer.write(claims[loser], 5, batches[loser])
    assert await scratch.values() == ["ab", "ba"]


async def expect_nothing_of(writer: Neo4jWriter, scratch: Scratch) -> None:
    """Check that nothing was written, and that the same owner can continue."""
    assert await scratch.query(f"MATCH (n:{scratch.label}) RETURN n") == []
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    assert claim.offset == -1
    await writer.write(claim, 5, [scratch.create("good")])
    assert await scratch.values() == ["good"]


async def claims_of(writer: Neo4jWriter, scratch: Scratch, count: int) -> list[Claim]:
    return [
        await writer.claim(scratch.worker, TopicPartition(scratch.partition.topic, number), "topic-1")
        for number in range(count)
    ]


async def test_batches_of_several_partitions_that_are_ready_together_are_all_written_once(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claims = await claims_of(writer, scratch, 4)

    for through in (5, 6):
        claims = await asyncio.gather(
            *(writer.write(each, through, [scratch.create(each.topic_partition.partition)]) for each in claims)
        )

    assert await scratch.values() == [0, 0, 1, 1, 2, 2, 3, 3]
    marks = await writer.watermarks(scratch.worker, scratch.partition.topic)
    assert {number: mark.offset for number, mark in marks.items()} == dict.fromkeys(range(4), 6)


async def test_a_partition_that_was_lost_keeps_no_other_of_its_group_out(writer: Neo4jWriter, scratch: Scratch) -> None:
    claims = await claims_of(writer, scratch, 3)
    await writer.claim(scratch.worker, claims[1].topic_partition, "topic-1")

    first, lost, third = await asyncio.gather(
        *(writer.write(each, 5, [scratch.create(each.topic_partition.partition)]) for each in claims),
        return_exceptions=True,
    )

    assert isinstance(lost, Fenced)
    assert isinstance(first, Claim)
    assert isinstance(third, Claim)
    assert await scratch.values() == [0, 2]


async def test_an_attempt_whose_commit_got_through_doubles_nothing_in_a_group(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claims = await claims_of(writer, scratch, 2)
    await writer.write(claims[0], 5, [scratch.create(0)])

    again = await asyncio.gather(
        *(writer.write(each, 5, [scratch.create(each.topic_partition.partition)]) for each in claims)
    )

    assert [each.offset for each in again] == [5, 5]
    assert await scratch.values() == [0, 1]


async def test_only_the_batch_with_a_value_that_the_graph_refuses_is_refused(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claims = await claims_of(writer, scratch, 3)
    values = (0, {"not": "a value"}, 2)

    outcomes = await asyncio.gather(
        *(writer.write(each, 5, [scratch.create(value)]) for each, value in zip(claims, values, strict=True)),
        return_exceptions=True,
    )

    assert [isinstance(each, Refused) for each in outcomes] == [False, True, False]
    assert await scratch.values() == [0, 2]
