import pytest

from workers.core.errors import Misconfigured, ProblemsFound, Unreachable
from workers.ops.doctor.finding import Finding, State, failed, ok, problem, raise_worst
from workers.ops.doctor.graph_checks import judge_schema, schema_names
from workers.ops.doctor.kafka_checks import judge_group

GOOD = ok("kafka", "answers")
BAD = problem("topic events", "does not exist; create it")
AWAY = failed("neo4j", Unreachable("Neo4j does not answer; start it"))
WRONG = failed("settings", Misconfigured("METRICS_PORT=x is not usable; set it to a port"))


def test_all_well_raises_nothing() -> None:
    raise_worst([GOOD, GOOD])


@pytest.mark.parametrize(
    ("findings", "error"),
    [
        ([GOOD, BAD], ProblemsFound),
        ([BAD, AWAY, GOOD], Unreachable),
        ([BAD, AWAY, WRONG], Misconfigured),
    ],
)
def test_the_worst_finding_decides(findings: list[Finding], error: type[Exception]) -> None:
    bad = sum(finding.state is not State.OK for finding in findings)

    with pytest.raises(error, match=f"{bad} of {len(findings)} checks failed"):
        raise_worst(findings)


def test_lag_that_nobody_works_on_is_a_problem() -> None:
    finding = judge_group("worker telemetry", "telemetry", "readers", behind=1_200, members=0)

    assert finding.state is State.PROBLEM
    assert finding.message.startswith("group readers is 1,200 records behind and has no members; start")


@pytest.mark.parametrize(("behind", "members"), [(1_200, 1), (0, 0), (0, 2)])
def test_lag_that_somebody_works_on_and_none_at_all_are_no_problem(behind: int, members: int) -> None:
    assert judge_group("worker telemetry", "telemetry", "readers", behind, members).state is State.OK


def test_a_graph_with_everything_is_in_order() -> None:
    (finding,) = judge_schema([], schema_names())

    assert finding.state is State.OK


def test_pending_migrations_are_named() -> None:
    (finding,) = judge_schema(["0002_lookup_indexes"], [])

    assert finding.state is State.PROBLEM
    assert finding.message == "0002_lookup_indexes has not been applied; run `memory-graph graph migrate`"


def test_a_constraint_that_was_dropped_is_named() -> None:
    names = schema_names()
    assert "invocation_key" in names

    (finding,) = judge_schema([], set(names) - {"invocation_key"})

    assert finding.state is State.PROBLEM
    assert "invocation_key has been dropped" in finding.message


def test_an_index_that_a_later_migration_drops_is_not_wanted() -> None:
    names = schema_names()
    assert "audit_batch_of_chain" in names
    assert "audit_batch_chain" not in names
