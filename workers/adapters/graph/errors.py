"""What to do about an error of the driver: isolate what is in the batch, try again, or let a bug be a bug."""

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j.exceptions import (
    ConnectionPoolError,
    ConstraintError,
    DatabaseError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TokenExpired,
    TransientError,
)

from workers.config.tls.faults import tls_fault
from workers.core.errors import Contended, NeedsOperator, Refused, Retryable, TransactionFailed
from workers.core.stage import Stage
from workers.core.worker import DeadLetterCode

DEAD_LETTER_CODES = (
    DeadLetterCode(Stage.WRITE, "neo4j.constraint", "breaks a constraint of the graph"),
    DeadLetterCode(Stage.WRITE, "neo4j.type", "has a value that Neo4j cannot store"),
    DeadLetterCode(Stage.WRITE, "neo4j.size", "is too large for an index or for the memory of one transaction"),
    DeadLetterCode(Stage.WRITE, "neo4j.transaction", "makes its transaction fail each time, while others get through"),
    DeadLetterCode(Stage.WRITE, "neo4j.statement", "has a value that Neo4j cannot compute with"),
)

CONTENT_CODES = {
    "Neo.ClientError.Statement.TypeError": "neo4j.type",
    "Neo.ClientError.Statement.ArgumentError": "neo4j.statement",
    "Neo.ClientError.Statement.ArithmeticError": "neo4j.statement",
    "Neo.ClientError.Statement.SemanticError": "neo4j.statement",  # MERGE on null
    # This transaction's own limit; the limit on all of them together (MemoryPoolOutOfMemoryError) passes by itself.
    "Neo.ClientError.General.TransactionOutOfMemoryError": "neo4j.size",
}
"""Errors that the values in the rows cause. A syntax error or a missing parameter is not among them: it is a bug
of ours, and bisecting for it would drain a whole topic into its dead letters."""

PASSING_CODES = frozenset(
    {
        "Neo.ClientError.Security.AuthorizationExpired",
        "Neo.ClientError.Statement.EntityNotFound",  # another transaction has just deleted it
        "Neo.ClientError.Transaction.LockClientStopped",
        "Neo.ClientError.Transaction.Terminated",
        "Neo.ClientError.Transaction.TransactionNotFound",
    }
)
"""Errors that the server files under the client's although another attempt may succeed."""

OURS = {
    "Neo.ClientError.Security.Unauthorized": "it refuses the password: write the new one to NEO4J_PASSWORD_FILE",
    "Neo.ClientError.Security.AuthenticationRateLimit": (
        "it has refused the password too often in a row: write the new one to NEO4J_PASSWORD_FILE"
    ),
    "Neo.ClientError.Security.Forbidden": "it does not let this user write: grant it, or set another NEO4J_USERNAME",
    "Neo.ClientError.Database.DatabaseNotFound": "it has no such database: create it, or set NEO4J_DATABASE",
}
"""Errors that are neither the server's nor the records' fault. The worker waits, unready, until somebody acts."""

DEADLOCK = "Neo.TransientError.Transaction.DeadlockDetected"

TIMED_OUT_CODES = frozenset(
    {
        "Neo.ClientError.Transaction.TransactionTimedOut",
        "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
    }
)

TOO_LARGE_TO_INDEX = "too large to index"
"""Neo4j has no code of its own for an index key above 8 kB: only the message tells."""


CLOSED_HANDLE = "the handler is closed"
"""What uvloop says, as a RuntimeError, of a socket that was found closed before the driver knew."""


@contextmanager
def classified() -> Iterator[None]:
    """Turn what the driver raises inside into ``Refused`` or ``Retryable``; what is neither passes as it is."""
    try:
        yield
    except (Neo4jError, DriverError, OSError, RuntimeError) as error:
        fault = classify(error)
        if fault is error:
            raise
        raise fault from error


def classify(error: Exception) -> Exception:
    """Say what to do next about ``error``; where it is a bug, return it as it is.

    ``Refused``    only for what the rows contain; its message never quotes the server's, which quotes values.
    ``Retryable``  a server away, busy or failing, a deadlock, an expired login, a COMMIT whose answer was lost
                   (the next attempt reads the watermark and so learns the outcome).
    """
    if isinstance(error, Neo4jError):
        return _classify_answer(error)
    if isinstance(error, ServiceUnavailable | SessionExpired | ConnectionPoolError | OSError) or is_closed(error):
        fault = tls_fault(error, "NEO4J_URI", "NEO4J_CAFILE")
        return Retryable(
            f"Neo4j cannot be reached over TLS: {fault}"
            if fault
            else f"Neo4j is out of reach: {type(error).__name__}: {error}"
        )
    if isinstance(error.__cause__, Neo4jError | DriverError):
        # A later use of a transaction that has failed: what failed it decides.
        cause = classify(error.__cause__)
        return error if cause is error.__cause__ else cause
    return error


def is_closed(error: Exception) -> bool:
    """Tell whether a socket was found closed in a way that the driver does not know of."""
    return isinstance(error, RuntimeError) and CLOSED_HANDLE in str(error)


def _classify_answer(error: Neo4jError) -> Exception:
    code = error.code or ""
    return _fault_of_rows(error, code) or _fault_of_server(error, code) or error


def _fault_of_rows(error: Neo4jError, code: str) -> Refused | None:
    if isinstance(error, ConstraintError):
        return Refused("neo4j.constraint", f"a uniqueness or existence constraint forbids these values ({code})")
    if TOO_LARGE_TO_INDEX in (error.message or ""):
        return Refused("neo4j.size", "a value is too large for the index on its property: keys end at about 8 kB")
    if code in CONTENT_CODES:
        return Refused(CONTENT_CODES[code], f"Neo4j cannot store or compute with a value of these rows ({code})")
    return None


def _fault_of_server(error: Neo4jError, code: str) -> Retryable | None:
    reason = f"Neo4j could not finish: {code}: {error.message}"
    if code == DEADLOCK:
        return Contended(reason)
    if isinstance(error, DatabaseError) or code in TIMED_OUT_CODES:
        # Hold: in an outage, dead-lettering on the server's own failure would dead-letter everything.
        return TransactionFailed(reason)
    if code in OURS:
        return NeedsOperator(f"{OURS[code]} ({code})")
    if isinstance(error, TransientError | TokenExpired) or code in PASSING_CODES:
        return Retryable(reason)
    return None
