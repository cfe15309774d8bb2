from collections.abc import Sequence

from workers.dev.bench.measure.watch import AHEAD, EVERY, Checkpoint, Watch, checkpoints_of


class FakeGraph:
    """Holds keys of Invocations that have ended."""

    def __init__(self) -> None:
        self.present: set[str] = set()
        self.asked = 0

    async def rows(self, cypher: str, *, keys: Sequence[str]) -> list[dict[str, str]]:
        self.asked = max(self.asked, len(keys))
        return [{"key": key} for key in keys if key in self.present]


def ends(partition: int, offsets: Sequence[int]) -> list[Checkpoint]:
    return [Checkpoint(offset, f"{partition}/{offset}") for offset in offsets]


def test_checkpoints_lie_apart_and_the_last_is_always_one() -> None:
    chosen = checkpoints_of({0: ends(0, range(250)), 1: ends(1, [3, 4])})
    assert [each.offset for each in chosen[0]] == [0, EVERY, 2 * EVERY, 249]
    assert [each.offset for each in chosen[1]] == [3, 4]


async def test_a_look_counts_the_records_up_to_the_last_one_seen() -> None:
    graph = FakeGraph()
    watch = Watch(graph, checkpoints_of({0: ends(0, range(1_000)), 1: ends(1, range(500))}))
    assert (await watch.look()).events == 0
    graph.present = {f"0/{offset}" for offset in range(301)}
    assert (await watch.look()).events == 301
    assert not watch.done


async def test_a_record_in_the_graph_tells_of_all_before_it() -> None:
    graph = FakeGraph()
    watch = Watch(graph, {0: ends(0, [10, 20, 30])})
    graph.present = {"0/20"}
    assert (await watch.look()).events == 21
    graph.present = {"0/30"}
    assert (await watch.look()).events == 31
    assert watch.done


async def test_a_look_asks_for_a_few_checkpoints_of_each_partition() -> None:
    graph = FakeGraph()
    watch = Watch(graph, {partition: ends(partition, range(100)) for partition in range(3)})
    await watch.look()
    assert graph.asked == 3 * AHEAD


async def test_a_partition_without_records_waits_for_nothing() -> None:
    watch = Watch(FakeGraph(), {0: []})
    assert watch.done
    assert (await watch.look()).events == 0
