import pytest
from neo4j.exceptions import (
    ConnectionAcquisitionTimeoutError,
    IncompleteCommit,
    Neo4jError,
    ResultFailedError,
    ServiceUnavailable,
    SessionExpired,
)

from workers.adapters.graph.errors import classified, classify
from workers.core.errors import Contended, NeedsOperator, Refused, Retryable, TransactionFailed

SECRET = "the value of a record"


def answer(code: str, message: str = SECRET) -> Neo4jError:
    """An error as the driver makes it from the server's answer."""
    return Neo4jError._hydrate_neo4j(code=code, message=message)  # noqa: SLF001 - the driver offers no other way


@pytest.mark.parametrize(
    ("code", "short"),
    [
        ("Neo.ClientError.Schema.ConstraintValidationFailed", "neo4j.constraint"),
        ("Neo.ClientError.Statement.TypeError", "neo4j.type"),
        ("Neo.ClientError.Statement.ArgumentError", "neo4j.statement"),
        ("Neo.ClientError.Statement.ArithmeticError", "neo4j.statement"),
        ("Neo.ClientError.Statement.SemanticError", "neo4j.statement"),
        ("Neo.ClientError.General.TransactionOutOfMemoryError", "neo4j.size"),
    ],
)
def test_what_the_rows_cause_is_refused_without_quoting_them(code: str, short: str) -> None:
    fault = classify(answer(code))

    assert isinstance(fault, Refused)
    assert fault.code == short
    assert SECRET not in fault.message


def test_an_index_key_too_large_is_refused_although_the_server_calls_it_its_own_failure() -> None:
    message = f"Property value is too large to index, please see …, value: [{SECRET}]"
    fault = classify(answer("Neo.DatabaseError.Statement.ExecutionFailed", message))

    assert isinstance(fault, Refused)
    assert fault.code == "neo4j.size"
    assert SECRET not in fault.message


@pytest.mark.parametrize(
    "error",
    [
        answer("Neo.TransientError.Transaction.DeadlockDetected"),
        answer("Neo.TransientError.General.MemoryPoolOutOfMemoryError"),
        answer("Neo.TransientError.General.DatabaseUnavailable"),
        answer("Neo.ClientError.Cluster.NotALeader"),
        answer("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase"),
        answer("Neo.ClientError.Security.AuthorizationExpired"),
        answer("Neo.ClientError.Statement.EntityNotFound"),
        answer("Neo.ClientError.Security.TokenExpired"),
        answer("Neo.ClientError.Security.AuthenticationRateLimit"),
        answer("Neo.TransientError.Transaction.Terminated"),
        answer("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"),
        answer("Neo.DatabaseError.Transaction.TransactionCommitFailed"),
        answer("Neo.DatabaseError.General.UnknownError"),
        ServiceUnavailable("gone"),
        RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
        SessionExpired("gone"),
        IncompleteCommit("unknown"),
        ConnectionAcquisitionTimeoutError("full"),
        ConnectionResetError("reset"),
        TimeoutError(),
    ],
    ids=lambda error: getattr(error, "code", None) or type(error).__name__,
)
def test_a_server_away_busy_or_failing_is_retryable(error: Exception) -> None:
    assert isinstance(classify(error), Retryable)


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("Neo.ClientError.Security.Unauthorized", "NEO4J_PASSWORD_FILE"),
        ("Neo.ClientError.Security.Forbidden", "NEO4J_USERNAME"),
        ("Neo.ClientError.Database.DatabaseNotFound", "NEO4J_DATABASE"),
    ],
)
def test_what_is_wrong_about_us_is_waited_for_with_the_fix(code: str, fix: str) -> None:
    fault = classify(answer(code))

    assert isinstance(fault, NeedsOperator)
    assert fix in str(fault)


def test_a_deadlock_is_contention_and_a_failed_transaction_may_be_suspected() -> None:
    assert isinstance(classify(answer("Neo.TransientError.Transaction.DeadlockDetected")), Contended)
    for code in ("Neo.ClientError.Transaction.TransactionTimedOut", "Neo.DatabaseError.General.UnknownError"):
        assert isinstance(classify(answer(code)), TransactionFailed)


@pytest.mark.parametrize(
    "code",
    [
        "Neo.ClientError.Statement.SyntaxError",
        "Neo.ClientError.Statement.ParameterMissing",
    ],
)
def test_a_bug_or_a_wrong_setting_passes_as_it_is(code: str) -> None:
    error = answer(code)

    assert classify(error) is error
    with pytest.raises(Neo4jError) as raised, classified():
        raise error
    assert raised.value is error


def test_a_result_that_failed_is_classed_by_what_failed_it() -> None:
    late = ResultFailedError(None, "a result of this transaction has failed")
    late.__cause__ = answer("Neo.TransientError.Transaction.DeadlockDetected")
    assert isinstance(classify(late), Retryable)

    late.__cause__ = answer("Neo.ClientError.Statement.SyntaxError")
    assert classify(late) is late


def test_the_original_error_stays_the_cause() -> None:
    error = ServiceUnavailable("gone")
    with pytest.raises(Retryable) as raised, classified():
        raise error
    assert raised.value.__cause__ is error


def test_other_exceptions_are_not_touched() -> None:
    with pytest.raises(KeyError), classified():
        raise KeyError("bug")
