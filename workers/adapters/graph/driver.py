"""One driver a process, and the sentence that tells an operator why the graph cannot be reached."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import neo4j
from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Forbidden, Neo4jError

from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, Unreachable

POOL_CONNECTIONS = 50
"""More than all partitions of a process write with at once, so that none ever queues for a connection."""
CONNECT_SECONDS = 5.0
ACQUIRE_SECONDS = 10.0
IDLE_SECONDS = 60.0
"""A connection idle for longer is tried before use: firewalls drop idle connections without a word."""


def open_driver(settings: Neo4jSettings) -> neo4j.AsyncDriver:
    """Make the driver; it connects at first use. ``+s`` or ``+ssc`` in the URI's scheme turns on TLS.

    Close it with ``async with`` or ``close()``. Raises ``Misconfigured`` for a URI that the driver cannot use.
    """
    try:
        return neo4j.AsyncGraphDatabase.driver(
            settings.uri,
            auth=(settings.username, settings.password.get_secret_value()),
            user_agent=f"memory-graph/{version('memory-graph-workers')}",
            max_connection_pool_size=POOL_CONNECTIONS,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=ACQUIRE_SECONDS,
            liveness_check_timeout=IDLE_SECONDS,
            # Notifications are advice for who writes queries; making them up costs the server time in each batch.
            notifications_min_severity=neo4j.NotificationMinimumSeverity.OFF,
            telemetry_disabled=True,
        )
    except (ConfigurationError, ValueError) as error:
        raise Misconfigured(f"NEO4J_URI={settings.uri} is no address of a Neo4j server ({error}); fix it") from error


@contextmanager
def explained(settings: Neo4jSettings) -> Iterator[None]:
    """Turn what the driver raises inside into one sentence with the fix: ``Misconfigured`` or ``Unreachable``."""
    try:
        yield
    except (Neo4jError, DriverError, OSError) as error:
        raise explain(error, settings) from error


async def check_connection(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> None:
    """Log in and run a query in the database. Raises ``Misconfigured``, ``Unreachable``."""
    with explained(settings):
        async with driver.session(database=settings.database) as session:
            await (await session.run("RETURN 1")).consume()


def explain(error: Exception, settings: Neo4jSettings) -> Misconfigured | Unreachable:
    """Name the setting that is wrong, or the server that does not answer. Never quotes the password."""
    where = f"Neo4j at {settings.uri}"
    if isinstance(error, AuthError):
        return Misconfigured(
            f"{where} does not accept user {settings.username!r} with this password: "
            "set NEO4J_USERNAME and NEO4J_PASSWORD (or NEO4J_PASSWORD_FILE)"
        )
    if isinstance(error, Forbidden):
        return Misconfigured(
            f"{where} does not let user {settings.username!r} do this in database {settings.database!r}: "
            f"grant it, or set another NEO4J_USERNAME ({error.message})"
        )
    if isinstance(error, ConfigurationError):
        return Misconfigured(f"{where} cannot be used as configured: fix NEO4J_URI ({error})")
    if isinstance(error, Neo4jError) and error.code == "Neo.ClientError.Database.DatabaseNotFound":
        return Misconfigured(f"{where} has no database {settings.database!r}: set NEO4J_DATABASE to one that exists")
    reason = " ".join(str(_first_cause(error)).split())
    return Unreachable(f"{where} does not answer: start it (`memory-graph stack up`) or set NEO4J_URI ({reason})")


def _first_cause(error: BaseException) -> BaseException | str:
    """Return what the operating system says, without the driver's own words around it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error.strerror or error if isinstance(error, OSError) else error
