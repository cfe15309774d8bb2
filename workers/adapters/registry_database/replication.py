"""How far the connector is in PostgreSQL's log, and what the log says about changed keys.

https://www.postgresql.org/docs/current/view-pg-replication-slots.html
"""

from collections.abc import Sequence
from typing import NamedTuple

from workers.adapters.registry_database.connection import registry_database
from workers.config.settings import RegistryDatabaseSettings

# On a standby nothing is written: what it has replayed is its end of the log.
POSITION = """
SELECT CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0' AS bigint)
         AS written,
       CAST(s.confirmed_flush_lsn - '0/0' AS bigint) AS confirmed, coalesce(s.active, false) AS active
FROM (SELECT 1) AS once LEFT JOIN pg_replication_slots s ON s.slot_name = :slot
"""

IDENTITIES = """
SELECT c.relname AS table, CAST(c.relreplident AS text) AS identity,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_primary_key
FROM pg_class c WHERE c.oid IN (SELECT to_regclass(name) FROM unnest(CAST(:tables AS text[])) AS name)
ORDER BY c.relname
"""


class LogPosition(NamedTuple):
    """Bytes of the log that are written, and those that the slot's reader has confirmed.

    ``confirmed`` is ``None`` without such a slot; ``active`` tells whether anybody reads it now.
    """

    written: int
    confirmed: int | None
    active: bool

    @property
    def behind(self) -> int:
        """Return the bytes that are not confirmed."""
        return max(0, self.written - (self.confirmed or 0))


class ReplicaIdentity(NamedTuple):
    """What PostgreSQL logs of a row before its change.

    ``identity``  ``d`` its primary key, ``f`` all of it, ``n`` nothing, ``i`` the columns of an index
    """

    table: str
    identity: str
    has_primary_key: bool


def log_position(settings: RegistryDatabaseSettings, slot: str) -> LogPosition:
    """Return the position of a replication slot. Blocks. Raises ``Misconfigured``, ``Unreachable``."""
    with registry_database(settings) as connection:
        return LogPosition(*connection.run(POSITION, slot=slot)[0])


def replica_identities(settings: RegistryDatabaseSettings, tables: Sequence[str]) -> list[ReplicaIdentity]:
    """Return those of the tables that exist, named with their schema. Blocks. Raises as above."""
    with registry_database(settings) as connection:
        return [ReplicaIdentity(*row) for row in connection.run(IDENTITIES, tables=list(tables))]
