"""A connection to the registry's database, with one sentence for each reason why there is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from asyncpg.exceptions import (  # type: ignore[import-untyped]  # same reason as above
    ClientConfigurationError,
    InsufficientPrivilegeError,
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
    PostgresError,
)

from workers.config.environment import current_secret
from workers.config.settings import RegistryDatabaseSettings
from workers.core.errors import Misconfigured, Unreachable

ANSWER_SECONDS = 5


@asynccontextmanager
async def registry_database(settings: RegistryDatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """Connect, and close at the end. Raises ``Misconfigured`` where it refuses us, ``Unreachable``."""
    url = current_secret("REGISTRY_DATABASE_URL", settings.url)
    where = f"the registry's database at {address_of(url)}"
    try:
        connection = await asyncpg.connect(url, timeout=ANSWER_SECONDS, command_timeout=ANSWER_SECONDS)
        try:
            yield connection
        finally:
            await connection.close(timeout=ANSWER_SECONDS)
    except (InvalidAuthorizationSpecificationError, InvalidCatalogNameError, ClientConfigurationError) as error:
        raise Misconfigured(f"{where} refuses us ({_first_line(error)}): correct REGISTRY_DATABASE_URL") from error
    except InsufficientPrivilegeError as error:
        raise Misconfigured(f"{where} does not allow it ({_first_line(error)}): grant it to the user") from error
    except PostgresError as error:
        raise Unreachable(f"{where} answers with an error: {_first_line(error)}") from error
    except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
        reason = _first_line(error) or type(error).__name__
        raise Unreachable(f"{where} does not answer ({reason}): start it, or correct REGISTRY_DATABASE_URL") from error


def address_of(url: str) -> str:
    """Return host and path of a URL: no user, no password, no options."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip()
