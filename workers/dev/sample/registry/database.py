"""Write changes to the registry's database."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import groupby, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import Jsonb

from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured, Unreachable
from workers.dev.sample.pace import paced
from workers.dev.sample.registry.change import Change, Kind
from workers.dev.sample.registry.sql import STATEMENTS

JSON_COLUMNS = frozenset({"cost_per_1k_tokens", "metadata", "json_schema"})
ROWS_A_TRANSACTION = 500


class Database:
    """A connection to the registry's PostgreSQL."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def write(
        self, changes: Iterable[Change], *, rate: float = 0, rows_a_transaction: int = ROWS_A_TRANSACTION
    ) -> Counter[Kind]:
        """Write the changes in order; return the number of changed rows, by kind.

        ``rate`` is in changes a second, each in its own transaction; 0 means as fast as possible, many per transaction.
        Other writers of the same rows can then cause a deadlock: in that case, let both write one row per transaction.
        """
        changed: Counter[Kind] = Counter()
        if rate:
            async for change in paced(changes, rate):
                changed += await self._transaction([change])
        else:
            left = iter(changes)
            while batch := list(islice(left, rows_a_transaction)):
                changed += await self._transaction(batch)
        return changed

    async def _transaction(self, batch: Sequence[Change]) -> Counter[Kind]:
        changed: Counter[Kind] = Counter()
        async with self._connection.transaction(), self._connection.cursor() as cursor:
            for kind, changes in groupby(batch, lambda change: change.kind):
                await cursor.executemany(STATEMENTS[kind], [parameters(change.columns) for change in changes])
                changed[kind] += cursor.rowcount
        return changed


def parameters(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns for psycopg; ``None`` becomes SQL's null in JSON columns, too."""
    return {
        name: Jsonb(value, json_text) if name in JSON_COLUMNS and value is not None else value
        for name, value in columns.items()
    }


def json_text(value: Any) -> bytes:
    """Return JSON with every digit of a ``Decimal``, as PostgreSQL stores it."""
    return orjson.dumps(value, default=_number)


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError


@asynccontextmanager
async def open_database(url: str, cafile: Path | None = None) -> AsyncIterator[Database]:
    """Connect to the database at ``url``; with ``cafile``, only over TLS, and to the server that the URL names.

    Raises ``Unreachable``, or ``Misconfigured`` if the server cannot be trusted or rows cannot be written.
    """
    try:
        async with await psycopg.AsyncConnection.connect(_checked(url, cafile), autocommit=True) as connection:
            yield Database(connection)
    except psycopg.OperationalError as error:
        if fault := tls_fault(str(error), "REGISTRY_DATABASE_URL", "REGISTRY_DATABASE_CAFILE"):
            raise Misconfigured(f"PostgreSQL at {_place(url)} cannot be reached over TLS: {fault}") from error
        raise Unreachable(
            f"PostgreSQL at {_place(url)} does not answer ({_first_line(error)}); start it (`memory-graph stack up "
            "--with cdc`), or set REGISTRY_DATABASE_URL."
        ) from error
    except psycopg.Error as error:
        raise Misconfigured(
            f"PostgreSQL at {_place(url)} refuses a row of the registry ({_first_line(error)}); "
            "`memory-graph stack up --with cdc` makes its tables."
        ) from error


def _checked(url: str, cafile: Path | None) -> str:
    """Return what libpq connects to. As for the workers, a mode in the URL goes first."""
    if cafile is None:
        return url
    return make_conninfo(url, **{"sslmode": "verify-full", **conninfo_to_dict(url), "sslrootcert": str(cafile)})


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}{parts.path}"


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0]
