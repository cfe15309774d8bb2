from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.unit.engine.test_partition_task import Bench
from tests.unit.engine.toy import TOY, add, totals
from workers.core.errors import Retryable
from workers.core.ports import TopicState, Watermark
from workers.core.record import TopicPartition
from workers.engine.batch.parked_keys import COUNT
from workers.engine.consumer.unreadable import Unreadable
from workers.engine.observer import Observer, PartitionsAdded
from workers.testing import PARTITION as TP


def observer(bench: Bench) -> Observer:
    bench.assignment.rebalanced([TP])
    return Observer(bench.context, bench.assignment, partitions=1)


def gauge(bench: Bench, name: str, **labels: str) -> float | None:
    return bench.context.sinks.metrics.registry.get_sample_value(f"llm_memory_graph_{name}", labels)


async def test_lag_is_shown_from_the_first_second_also_while_nothing_gets_through() -> None:
    bench = Bench()
    bench.assignment.open(1, {TP: 4})
    bench.graph.watermark = 3
    bench.topic.state = TopicState("id", {0: 10})
    bench.graph.fail_next = [Retryable("away")] * 1_000
    watch = observer(bench)
    await watch.look()
    assert gauge(bench, "kafka_lag_messages", partition="0") == 6
    bench.feed(add(4, "a", 1), committed=4)
    await bench.until(lambda: bench.health.waits() != {})
    bench.topic.state = TopicState("id", {0: 25})
    await watch.look()
    assert gauge(bench, "kafka_lag_messages", partition="0") == 21
    assert gauge(bench, "watermark_offset", topic=TP.topic, partition="0") == 3
    assert (gauge(bench, "event_time_lag_seconds", partition="0") or 0) > 1_000
    assert gauge(bench, "waiting", partition="0", reason="neo4j") == 1
    assert gauge(bench, "unready", reason="neo4j") == 1
    assert "neo4j does not answer: away" in bench.health.unready()
    bench.graph.fail_next = []
    bench.topic.state = TopicState("id", {0: 5})
    await bench.until(lambda: bench.next_offset() == 5)
    await watch.look()
    assert gauge(bench, "kafka_lag_messages", partition="0") == 0
    assert gauge(bench, "event_time_lag_seconds", partition="0") == 0
    assert gauge(bench, "waiting", partition="0", reason="neo4j") is None
    assert gauge(bench, "unready", reason="neo4j") is None
    assert bench.health.unready() == []
    await bench.assignment.drain()


async def test_markers_of_transactions_are_no_lag() -> None:
    bench = Bench()
    watch = observer(bench)
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    bench.topic.state, bench.topic.position = TopicState("id", {0: 2}), 2
    await watch.look()
    assert gauge(bench, "kafka_lag_messages", partition="0") == 0
    await bench.assignment.drain()


async def test_the_parked_keys_of_the_assigned_partitions_are_counted_also_while_no_record_comes() -> None:
    bench = Bench(order="strict")
    watch = observer(bench)
    await watch.look()
    assert gauge(bench, "parked_keys", topic=TP.topic) == 0
    assert gauge(bench, "parked_oldest_age_seconds", topic=TP.topic) == 0
    since_ms = bench.context.sinks.clock.now_ms() - 90_000

    async def counted(cypher: str, worker: str, keys: Sequence[str]) -> Mapping[str, Sequence[int | None]]:
        assert (cypher, worker, list(keys)) == (COUNT, "toy", [f"toy/{TP.topic}/{TP.partition}/"])
        return {keys[0]: [2, since_ms]}

    bench.graph.stored = counted  # type: ignore[method-assign]  # a graph with two parked keys
    await watch.look()
    assert gauge(bench, "parked_keys", topic=TP.topic) == 2
    assert 90 <= (gauge(bench, "parked_oldest_age_seconds", topic=TP.topic) or 0) < 100

    async def away(cypher: str, worker: str, keys: Sequence[str]) -> Mapping[str, Sequence[int]]:
        raise Retryable("away")

    bench.graph.stored = away  # type: ignore[method-assign]  # the gauges keep their last values
    await watch.look()
    assert gauge(bench, "parked_keys", topic=TP.topic) == 2


async def test_a_relaxed_worker_counts_no_parked_keys() -> None:
    bench = Bench()
    await observer(bench).look()
    assert gauge(bench, "parked_keys", topic=TP.topic) is None


async def test_an_idle_worker_notices_a_graph_that_was_restored() -> None:
    bench = Bench()
    watch = observer(bench)
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    backup = dict(bench.graph.states)
    bench.feed(add(1, "a", 10), follows=1)
    await bench.until(lambda: bench.next_offset() == 2)
    await watch.look()
    assert bench.assignment.behind == {}
    bench.graph.states, bench.graph.watermark = backup, 0
    await watch.look()
    await bench.until(lambda: bench.assignment.behind == {TP: 1})
    await bench.assignment.drain()
    bench.assignment.open(2, {})
    bench.feed(add(1, "a", 10), seek=2, committed=1)
    await bench.until(lambda: bench.next_offset() == 2)
    assert totals(bench.graph) == {"a": 11}
    await bench.assignment.drain()


async def test_a_partition_without_records_notices_that_the_graph_was_emptied() -> None:
    bench = Bench()
    bench.assignment.open(1, {TP: 7})
    bench.graph.watermark = 6
    watch = observer(bench)
    await watch.look()
    assert bench.assignment.behind == {}
    bench.graph.watermark = -1
    await watch.look()
    assert bench.assignment.behind == {TP: 0}


async def test_a_partition_without_records_does_not_begin_again_where_its_worker_must_not() -> None:
    state = replace(TOY.state, on_new_graph="fail", new_graph_fix="start a new sum") if TOY.state else None
    bench = Bench(spec=replace(TOY, state=state))
    bench.assignment.open(1, {TP: 7})

    async def none(worker: str, topic: str) -> Mapping[int, Watermark]:
        return {}

    bench.graph.watermarks = none  # type: ignore[method-assign]  # an emptied graph
    await observer(bench).look()
    assert bench.assignment.behind == {}
    assert any("start a new sum" in reason for reason in bench.health.unready())


async def test_a_recreated_topic_is_read_from_its_beginning() -> None:
    bench = Bench()
    watch = observer(bench)
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    await watch.look()
    assert bench.assignment.behind == {}
    silent = TP._replace(partition=1)
    bench.assignment.rebalanced([TP, silent])
    bench.topic.state = TopicState("another id", {0: 100})
    await watch.look()
    assert bench.assignment.behind == {TP: 0, silent: 0}, "also where no record has come"
    await bench.assignment.drain()


async def test_more_partitions_end_the_process_so_that_the_next_one_joins_with_all() -> None:
    bench = Bench()
    bench.topic.state = TopicState("id", {0: 1, 1: 1})
    with pytest.raises(PartitionsAdded, match="has 2 partitions, it had 1"):
        await observer(bench).look()


async def test_a_broker_that_is_away_makes_an_idle_worker_unready_and_ends_nothing() -> None:
    bench = Bench()
    bench.assignment.rebalanced([TopicPartition(TP.topic, 0)])

    async def away() -> TopicState:
        raise Retryable("does not know the topic yet")

    bench.topic.now = away  # type: ignore[method-assign]  # a broker that has just started
    with suppress(PartitionsAdded):
        await observer(bench).look()
    assert any("does not know the topic yet" in reason for reason in bench.health.unready())


async def test_a_batch_that_cannot_be_read_makes_its_worker_unready_until_it_can_be() -> None:
    bench = Bench()
    elsewhere = TopicPartition(TP.topic, 7)
    bench.assignment.rebalanced([TP])
    bench.assignment.open(1, {TP: 0})
    found = {TP: Unreadable(9, 12, "CorruptRecordException: checksum"), elsewhere: Unreadable(0, 1, "checksum")}
    watch = Observer(bench.context, bench.assignment, 1, lambda: found)
    await watch.look()

    (sentence,) = bench.health.unready()
    assert sentence.startswith(
        f"{TP} waits: Kafka's records 9 to 11 cannot be read (CorruptRecordException: checksum). Make another replica"
    )
    assert gauge(bench, "unready", reason="unreadable") == 1
    assert not bench.health.unhealthy(), "a restart does not help"

    found.clear()
    await watch.look()
    assert not bench.health.unready()
    assert not gauge(bench, "unready", reason="unreadable")


async def test_the_time_of_a_recovery_is_shown_until_records_are_accepted() -> None:
    bench = Bench()
    watch = observer(bench)
    await watch.look()
    assert (gauge(bench, "recovery_seconds") or 0) > 0
    bench.assignment.open(1, {TP: 0})
    await watch.look()
    assert gauge(bench, "recovery_seconds") == 0
