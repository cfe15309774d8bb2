"""Which rows a table has, and from which position of the log on that is known."""

from collections.abc import Sequence

from workers.adapters.registry_database.connection import registry_database
from workers.config.settings import RegistryDatabaseSettings

# Every transaction that is still open has begun after restart_lsn, so whatever it changes counts as later.
READ_FROM = """
SELECT CAST(restart_lsn - '0/0' AS bigint), CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)
FROM pg_replication_slots WHERE slot_name = :slot
"""


def read_from(settings: RegistryDatabaseSettings, slot: str) -> tuple[int, int]:
    """Return position and time (epoch milliseconds) of which what is read next is not older. Blocks.

    Raises ``Misconfigured``, ``Unreachable``, and ``ValueError`` without such a slot.
    """
    with registry_database(settings) as connection:
        ((lsn, ts_ms),) = connection.run(READ_FROM, slot=slot)
        return lsn, ts_ms


def keys_of(settings: RegistryDatabaseSettings, table: str, columns: Sequence[str]) -> set[tuple[str, ...]]:
    """Return the keys of all rows. Blocks. Raises ``Misconfigured``, ``Unreachable``."""
    with registry_database(settings) as connection:
        return {tuple(row) for row in connection.run(f"SELECT {', '.join(columns)} FROM public.{table}")}  # noqa: S608 - names of ours
