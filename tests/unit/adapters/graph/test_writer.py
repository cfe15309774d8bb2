from workers.adapters.graph.group_commit import Batch
from workers.adapters.graph.writer import Unshown, joined_rows
from workers.core.ports import Claim
from workers.core.record import TopicPartition
from workers.core.statement import Statement


def test_rows_do_not_show_what_they_hold() -> None:
    assert "secret" not in repr({"rows": Unshown([[["secret"]]])})


def test_rows_of_several_batches_follow_each_other_and_are_sorted_where_they_lock_shared_nodes() -> None:
    def batch(partition: int, *rows: list[int]) -> Batch:
        claim = Claim("toy", TopicPartition("topic", partition), "token", 6)
        statements = [Statement(name, name, rows, shared=name == "shared") for name in ("own", "shared")]
        return Batch(claim, 7, statements)

    assert list(joined_rows([batch(0, [2], [3]), batch(1, [1])])) == [[[2], [3], [1]], [[1], [2], [3]]]
