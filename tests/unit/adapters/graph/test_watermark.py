from workers.adapters.graph.watermark import ADVANCE, REUSE_PLAN, guarded, watermark_id
from workers.core.record import TopicPartition


def test_a_watermark_is_named_for_worker_topic_and_partition() -> None:
    assert watermark_id("telemetry", TopicPartition("llm-telemetry-events", 7)) == "telemetry/llm-telemetry-events/7"


def test_each_statement_gets_a_subquery_and_rows_of_its_own_in_order() -> None:
    query = guarded(("UNWIND $rows AS row CREATE (:A)", "UNWIND $rows AS row CREATE (:B)"))

    assert query.startswith(f"{REUSE_PLAN}\n{ADVANCE.strip()}")
    assert query.index("UNWIND $rows[0] AS row CREATE (:A)") < query.index("UNWIND $rows[1] AS row CREATE (:B)")
    assert query.count("CALL () {") == 2


def test_only_the_parameter_named_rows_is_renamed() -> None:
    query = guarded(("UNWIND $rows AS row WITH row, $rowset AS x, '$rows_' AS y CREATE (:A)",))

    assert "$rowset" in query
    assert "'$rows_'" in query


def test_a_batch_without_statements_still_advances_the_watermark() -> None:
    assert "SET (each[0]).offset = each[1]" in guarded(())
    assert "CALL" not in guarded(())
