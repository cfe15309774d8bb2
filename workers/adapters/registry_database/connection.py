"""A connection to the registry's database, with one sentence for each reason why there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pg8000.exceptions import DatabaseError, InterfaceError  # type: ignore[import-untyped]  # it ships no types
from pg8000.native import Connection  # type: ignore[import-untyped]  # same reason as above

from workers.config.environment import current_secret
from workers.config.settings import RegistryDatabaseSettings
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured, Unreachable

ANSWER_SECONDS = 5
VARIABLE = "REGISTRY_DATABASE_URL"
ENCRYPTED, PLAIN = "verify-full", "disable"
REFUSED = {"28": "refuses us", "3D": "has no such database", "42501": "does not allow it"}
"""By the first characters of PostgreSQL's code: https://www.postgresql.org/docs/current/errcodes-appendix.html"""


@contextmanager
def registry_database(settings: RegistryDatabaseSettings) -> Iterator[Connection]:
    """Connect, and close at the end. Blocks. Raises ``Misconfigured`` where it refuses us, ``Unreachable``."""
    parts = urlsplit(current_secret(VARIABLE, settings.url))
    where = f"the registry's database at {address_of(parts)}"
    context = _context(settings, parts)
    try:
        connection = _connected(parts, context)
        try:
            yield connection
        finally:
            connection.close()
    except DatabaseError as error:
        raise _told(where, error) from None
    except (OSError, InterfaceError) as error:
        if fault := tls_fault(error, VARIABLE, "REGISTRY_DATABASE_CAFILE"):
            raise Misconfigured(f"{where} cannot be reached over TLS: {fault}") from None
        raise Unreachable(f"{where} does not answer ({error}): start it, or correct {VARIABLE}") from None


def address_of(parts: SplitResult) -> str:
    """Return host and path of a URL: no user, no password, no options."""
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def _connected(parts: SplitResult, context: ClientContext | bool) -> Connection:  # noqa: FBT001 - pg8000 takes either
    return Connection(
        unquote(parts.username or ""),
        host=parts.hostname or "localhost",
        port=parts.port or 5432,
        database=unquote(parts.path.lstrip("/")) or None,
        password=unquote(parts.password or ""),
        timeout=ANSWER_SECONDS,
        ssl_context=context,
        application_name="memory-graph",
    )


def _context(settings: RegistryDatabaseSettings, parts: SplitResult) -> ClientContext | bool:
    """Return the context for TLS, ``False`` without it. Raises ``Misconfigured`` for a mode that checks no server."""
    mode = parse_qs(parts.query).get("sslmode", [ENCRYPTED if settings.cafile else PLAIN])[-1]
    if mode not in {ENCRYPTED, PLAIN}:
        raise Misconfigured(f"sslmode={mode} in {VARIABLE} does not check the server: use {ENCRYPTED}, or {PLAIN}")
    if mode == PLAIN:
        return False
    authority = PemFile("REGISTRY_DATABASE_CAFILE", settings.cafile) if settings.cafile else None
    return ClientContext(settings.tls_min_version, authority)


def _told(where: str, error: DatabaseError) -> Misconfigured | Unreachable:
    said: dict[str, Any] = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code, text = str(said.get("C", "")), said.get("M", str(error))
    for begins, meaning in REFUSED.items():
        if code.startswith(begins):
            return Misconfigured(f"{where} {meaning} ({text}): correct {VARIABLE}, or the rights of its user")
    return Unreachable(f"{where} answers with an error: {text}")
