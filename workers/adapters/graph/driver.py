"""The Neo4j driver, and one sentence for each reason why the graph is out of reach."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import neo4j
from neo4j.auth_management import AsyncAuthManager
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    Forbidden,
    Neo4jError,
    UnsupportedServerProduct,
)

from workers.config.environment import current_secret
from workers.config.settings import GraphSettings
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured, Unreachable

POOL_CONNECTIONS = 50
"""More than the partitions of a process use at once: no write waits for a connection."""
CONNECT_SECONDS = 5.0
ACQUIRE_SECONDS = 10.0
IDLE_SECONDS = 60.0
"""A connection that was idle for longer is tested before use: firewalls drop idle connections silently."""

# Without a handler Python prints the driver's log lines beside our one sentence. Workers have their own handlers.
logging.getLogger("neo4j").addHandler(logging.NullHandler())

RATE_LIMIT = "Neo.ClientError.Security.AuthenticationRateLimit"
HTTP_ANSWER = "looks like HTTP"
HANDSHAKE_CUT = "incomplete handshake response"
"""The driver reports both only in the text of its errors."""


def open_driver(settings: GraphSettings) -> neo4j.AsyncDriver:
    """Create the driver; it connects at first use. ``+s`` or ``+ssc`` in the URI's scheme turns on TLS.

    Close it with ``async with`` or ``close()``. Raises ``Misconfigured`` for a URI that the driver cannot use.
    """
    try:
        return neo4j.AsyncGraphDatabase.driver(
            _without_encryption(settings),
            auth=CurrentCredentials(settings),
            encrypted=bool(settings.encryption),
            ssl_context=tls_context(settings),
            user_agent=f"memory-graph/{version('memory-graph-workers')}",
            max_connection_pool_size=POOL_CONNECTIONS,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=ACQUIRE_SECONDS,
            liveness_check_timeout=IDLE_SECONDS,
            # Notifications are advice for authors of queries; making them costs the server time in each batch.
            notifications_min_severity=neo4j.NotificationMinimumSeverity.OFF,
            telemetry_disabled=True,
        )
    except (ConfigurationError, ValueError) as error:
        raise Misconfigured(
            f"{settings.VARIABLES}_URI={settings.uri} is no address of a Neo4j server ({error}); fix it"
        ) from error


def tls_context(settings: GraphSettings) -> ClientContext | None:
    """Return the context that the URI's scheme asks for; ``None`` without TLS. Raises ``Misconfigured``."""
    if not settings.encryption:
        return None
    authority = PemFile(f"{settings.VARIABLES}_CAFILE", settings.cafile) if settings.cafile else None
    context = ClientContext(settings.tls_min_version, authority)
    if settings.encryption == "ssc":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _without_encryption(settings: GraphSettings) -> str:
    """Return the URI without ``+s``: the driver takes a context of ours only so."""
    scheme, separator, rest = settings.uri.partition("://")
    return scheme.partition("+")[0] + separator + rest


class CurrentCredentials(AsyncAuthManager):
    """Reads the password's file each time that the driver takes a connection: it may have been rotated.

    The driver's own manager for rotated passwords did not ask again when a new connection was refused.
    """

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings

    async def get_auth(self) -> neo4j.Auth:
        """Return user and password."""
        password = current_secret(f"{self._settings.VARIABLES}_PASSWORD", self._settings.password)
        return neo4j.basic_auth(self._settings.username, password)

    async def handle_security_exception(self, auth: object, error: Neo4jError) -> bool:  # noqa: ARG002 - the driver's signature
        """Return that the error stays one: the next attempt reads the file again."""
        return False


@contextmanager
def explained(settings: GraphSettings) -> Iterator[None]:
    """Turn what the driver raises inside into one sentence with the fix: ``Misconfigured`` or ``Unreachable``."""
    try:
        yield
    except (Neo4jError, DriverError, OSError) as error:
        raise explain(error, settings) from error


async def check_connection(driver: neo4j.AsyncDriver, settings: GraphSettings) -> None:
    """Log in and run a query in the database. Raises ``Misconfigured``, ``Unreachable``."""
    with explained(settings):
        async with driver.session(database=settings.database) as session:
            await (await session.run("RETURN 1")).consume()


def explain(error: Exception, settings: GraphSettings) -> Misconfigured | Unreachable:
    """Name the setting that is wrong, or the server that does not answer. Never quotes the password."""
    where, of = f"Neo4j at {settings.uri}", settings.VARIABLES
    if isinstance(error, Neo4jError):
        return _answered(error, where, settings)
    if isinstance(error, UnsupportedServerProduct):
        return Misconfigured(f"{where} speaks no version of Bolt that this driver does: use Neo4j 5, or fix {of}_URI")
    if isinstance(error, ConfigurationError):
        return Misconfigured(f"{where} cannot be used as configured: fix {of}_URI ({_one_line(error)})")
    return _without_answer(error, where, of)


def _answered(error: Neo4jError, where: str, settings: GraphSettings) -> Misconfigured | Unreachable:
    of = settings.VARIABLES
    if isinstance(error, AuthError):
        return Misconfigured(
            f"{where} does not accept user {settings.username!r} with this password: "
            f"set {of}_USERNAME and {of}_PASSWORD (or {of}_PASSWORD_FILE)"
        )
    if error.code == RATE_LIMIT:
        return Misconfigured(
            f"{where} was given a wrong password too often, and refuses every password for some seconds: "
            f"set {of}_PASSWORD (or {of}_PASSWORD_FILE), stop what still uses the old one, and try again"
        )
    if isinstance(error, Forbidden):
        return Misconfigured(
            f"{where} does not let user {settings.username!r} do this in database {settings.database!r}: "
            f"grant it, or set another {of}_USERNAME ({_one_line(error.message)})"
        )
    if error.code == "Neo.ClientError.Database.DatabaseNotFound":
        return Misconfigured(f"{where} has no database {settings.database!r}: set {of}_DATABASE to one that exists")
    return Unreachable(f"{where} answers with an error, try again later: {error.code}: {_one_line(error.message)}")


def _without_answer(error: Exception, where: str, of: str) -> Misconfigured | Unreachable:
    if fault := tls_fault(error, f"{of}_URI", f"{of}_CAFILE"):
        return Misconfigured(f"{where} cannot be reached over TLS: {fault}")
    reason = _one_line(_reason(_first_cause(error)))
    return Unreachable(f"{where} does not answer: start it (`memory-graph stack up`) or set {of}_URI ({reason})")


def _first_cause(error: BaseException) -> BaseException:
    """Return the error at the end of the chain; of several routers' errors, the first one's."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif error.__cause__ is not None:
            error = error.__cause__
        else:
            return error


def _reason(cause: BaseException) -> str:
    """Return what the operating system says, or what is behind a failed handshake."""
    said = (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__
    if HTTP_ANSWER in str(cause):
        return "an HTTP server answers on this port; Bolt's usual port is 7687"
    if HANDSHAKE_CUT in str(cause):
        return "it closed the connection during the handshake; a server with TLS needs +s in the scheme"
    return said


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
