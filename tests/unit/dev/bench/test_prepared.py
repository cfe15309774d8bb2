import time
from pathlib import Path

from workers.core.record import ConsumedRecord, Decoded, Record
from workers.core.statement import Statement
from workers.dev.bench.ceiling import joined
from workers.dev.bench.prepared import ROWS, Batch, load, plan_batches, save, shares
from workers.dev.bench.records import COMPLETE, MIX, sampled
from workers.dev.sample.records.sampled import Sampled

OPTIONAL = [
    "prompt_tokens",
    "completion_tokens",
    "model_version",
    "prompt",
    "completion",
    "classification",
    "percentile",
    "cached_tokens",
    "reasoning_tokens",
    "total_tokens",
    "user_id",
    "session_id",
    "parent_span_id",
]


class Fields:
    """Decodes to the fields that a record was made of, optional ones filled in."""

    def __init__(self, records: list[Sampled]) -> None:
        self._records = records

    def __call__(self, record: Record) -> Decoded:
        made = self._records[record.offset]
        return Decoded(made.record_name, dict.fromkeys(OPTIONAL) | dict(made.fields))


def planned(name: str, events: int) -> list[list[Statement]]:
    made = list(sampled(name, events, seed=1))
    now = int(time.time() * 1000)
    records = [ConsumedRecord("t", 0, offset, now, each.key.encode(), b"", ()) for offset, each in enumerate(made)]
    return [list(each) for each in plan_batches(records, Fields(made), now)]


def rows(batches: list[list[Statement]], name: str) -> int:
    return sum(len(statement.rows) for batch in batches for statement in batch if statement.name == name)


def test_every_record_is_in_one_batch_and_comes_to_one_invocation() -> None:
    batches = planned(COMPLETE, 2 * ROWS + 1)
    assert len(batches) == 3
    assert rows(batches, "Invocation") == 2 * ROWS + 1


def test_traces_that_go_on_in_the_next_batch_keep_their_chain() -> None:
    batches = planned(MIX, 3 * ROWS)
    parted = {
        trace for trace in (row[2] for row in _rows(batches[0])) if trace in {row[2] for row in _rows(batches[1])}
    }
    assert len(parted) < len(_rows(batches[0]))
    assert rows(batches, "FOLLOWED_BY") > 0


def _rows(batch: list[Statement]) -> list[list[object]]:
    return [list(row) for statement in batch if statement.name == "Invocation" for row in statement.rows]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    save(iter([(3, [Statement("A", "UNWIND $rows AS row CREATE (a)", [["x", None, 1, 0.5, b"state"]])])]), file)
    assert load(file) == [Batch(3, [("UNWIND $rows AS row CREATE (a)", [["x", None, 1, 0.5, b"state"]])])]


def test_writers_share_the_partitions_and_take_a_batch_of_each_in_turn() -> None:
    batches = [Batch(partition, [(str(number), [])]) for partition in range(4) for number in range(2)]
    dealt = shares(batches, 2)
    assert [(each.partition, each.statements[0][0]) for each in dealt[0]] == [(0, "0"), (2, "0"), (0, "1"), (2, "1")]
    assert [{each.partition for each in share} for share in dealt] == [{0, 2}, {1, 3}]
    assert len(shares(batches, 1)[0]) == len(batches)


def test_statements_are_joined_to_one_query_with_rows_of_their_own() -> None:
    query = joined(("UNWIND $rows AS row A", "UNWIND $rows AS row B"))
    assert "UNWIND $rows[0] AS row A" in query
    assert "UNWIND $rows[1] AS row B" in query
    assert query.endswith("RETURN 1 AS done")
